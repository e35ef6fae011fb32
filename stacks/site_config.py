"""The content of /config.json, which the UI loads first: the addresses of the stage's parts. No secrets."""

from typing import Any

from aws_cdk import Aws

from stacks.auth import AuthStack
from stacks.delivery import DeliveryStack
from stacks.observability import dashboard_name
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

SCOPES = "openid profile email"


def site_config(
    *,
    stage: Stage,
    auth: AuthStack,
    client_id: str,
    websocket: WebSocketApiStack,
    delivery: DeliveryStack,
) -> dict[str, Any]:
    """Return the content of config.json. It contains references that are resolved at deployment."""
    # The hosts of the partition `aws`; stacks/region.py refuses the others.
    console = f"https://{Aws.REGION}.console.aws.amazon.com"
    cloudwatch = f"{console}/cloudwatch/home?region={Aws.REGION}#"
    return {
        "stage": stage.name,
        "region": Aws.REGION,
        "apiUrl": "/api",
        "websocketUrl": websocket.url,
        "auth": {
            "authority": f"https://cognito-idp.{Aws.REGION}.amazonaws.com/{auth.user_pool.user_pool_id}",
            "clientId": client_id,
            "scopes": SCOPES,
            "authorizationEndpoint": f"{auth.sign_in_url}/oauth2/authorize",
            "tokenEndpoint": f"{auth.sign_in_url}/oauth2/token",
            "revocationEndpoint": f"{auth.sign_in_url}/oauth2/revoke",
            "signOutUrl": f"{auth.sign_in_url}/logout",
        },
        "console": {
            "workflow": f"{console}/states/home?region={Aws.REGION}#/express-statemachines/view/"
            f"{delivery.deliver.state_machine_arn}",
            "dashboard": f"{cloudwatch}dashboards/dashboard/{dashboard_name(stage)}",
            # The UI appends a trace id.
            "traces": f"{cloudwatch}xray:traces/",
            "logs": f"{cloudwatch}logsV2:log-groups$3FlogGroupNameFilter$3DParley-{stage.name}",
        },
        "inspector": stage.inspector,
    }
