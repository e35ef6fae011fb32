"""The REST API: its routes, their authorizer and request models, and the one function that answers them."""

import json
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from functions.contract.errors import ErrorCode
from functions.contract.headers import SECURITY_HEADERS
from functions.contract.resources import Request
from functions.contract.routes import ROUTES
from functions.settings import ApiSettings
from stacks.access_logs import REST_FORMAT, access_log_group
from stacks.auth import AuthStack
from stacks.chat_function import ChatFunction
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.firewall import Firewall
from stacks.logs import log_group
from stacks.request_models import request_model
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage
from stacks.uses import index, publish_to, table
from stacks.websocket_api import WebSocketApiStack

# CloudFront and the local front door forward /api/x unchanged: API stage `api`, resource `/x`.
STAGE_NAME = "api"
# TLS 1.2 and 1.3. Without a policy, a regional REST API takes TLS 1.0 too:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_2021_06"


@dataclass(frozen=True)
class Refusal:
    """The answer to a request that API Gateway refuses without calling the function."""

    type: apigateway.ResponseType
    status: int
    code: ErrorCode
    message: str


# API Gateway sends the most specific one; the two defaults are for all other errors. A changed message changes the
# logical id of the API's deployment, since it needs a new deployment.
REFUSALS = (
    Refusal(apigateway.ResponseType.UNAUTHORIZED, 401, ErrorCode.SESSION_EXPIRED, "Sign in, then try again."),
    Refusal(apigateway.ResponseType.EXPIRED_TOKEN, 401, ErrorCode.SESSION_EXPIRED, "Sign in, then try again."),
    Refusal(apigateway.ResponseType.ACCESS_DENIED, 403, ErrorCode.FORBIDDEN, "You may not do this."),
    Refusal(
        apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN, 404, ErrorCode.NOT_FOUND, "There is no such route."
    ),
    Refusal(apigateway.ResponseType.RESOURCE_NOT_FOUND, 404, ErrorCode.NOT_FOUND, "There is no such route."),
    Refusal(
        apigateway.ResponseType.BAD_REQUEST_BODY,
        400,
        ErrorCode.INVALID_REQUEST,
        "The body is not valid for this route. Correct it and send it again.",
    ),
    Refusal(
        apigateway.ResponseType.THROTTLED, 429, ErrorCode.RATE_LIMITED, "Too many requests; try again in a moment."
    ),
    Refusal(
        apigateway.ResponseType.WAF_FILTERED,
        429,
        ErrorCode.RATE_LIMITED,
        "Too many requests from your network; try again in a few minutes.",
    ),
    Refusal(
        apigateway.ResponseType.DEFAULT_4_XX,
        400,
        ErrorCode.INVALID_REQUEST,
        "The API does not accept this request. Check its path, method and headers.",
    ),
    Refusal(
        apigateway.ResponseType.DEFAULT_5_XX, 500, ErrorCode.INTERNAL, "Something failed on our side; try again."
    ),
)


class RestApiStack(StageStack):
    """The API, its Cognito authorizer, its routes and its one function."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        auth: AuthStack,
        data: DataStack,
        events: EventsStack,
        websocket: WebSocketApiStack,
    ) -> None:
        super().__init__(scope, "RestApi", stage=stage, description="REST API and its function")
        # With access logs on, the WebSocketApi stack sets the role with which API Gateway logs for both APIs.
        self.add_stack_dependency(websocket)
        self.data = data
        self.events = events
        self.websocket = websocket
        self.function = self._function()
        self.api = self._api()
        authorizer = apigateway.CognitoUserPoolsAuthorizer(
            self, "Authorizer", cognito_user_pools=[auth.user_pool], results_cache_ttl=cdk.Duration.minutes(5)
        )
        self._add_routes(authorizer)
        self._add_refusals()
        self._protect(auth.firewall)
        self.output("RestApiUrl", f"https://{self.host}/{STAGE_NAME}")
        self.output("RestApiId", self.api.rest_api_id)

    @property
    def host(self) -> str:
        """The API's own host name."""
        return f"{self.api.rest_api_id}.execute-api.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"

    def _api(self) -> apigateway.RestApi:
        stage = self.stage
        access_logs = access_log_group(self, stage=stage) if stage.access_logs else None
        api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"Parley-{stage.name}",
            description=f"Parley ({stage.name}): everything but frames",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(
                stage_name=STAGE_NAME,
                tracing_enabled=True,
                # Detailed metrics, five for each method at $0.30 a month, would not be read: the dashboard shows
                # those of the whole API, which are free.
                metrics_enabled=False,
                throttling_rate_limit=stage.requests_per_second,
                throttling_burst_limit=stage.request_burst,
                access_log_destination=apigateway.LogGroupLogDestination(access_logs) if access_logs else None,
                access_log_format=apigateway.AccessLogFormat.custom(REST_FORMAT) if access_logs else None,
                logging_level=apigateway.MethodLoggingLevel.ERROR if access_logs else None,
            ),
        )
        cfn_api = cast(apigateway.CfnRestApi, api.node.default_child)
        cfn_api.security_policy = SECURITY_POLICY
        # The policy needs this. STRICT would also compare the names in the TLS handshake and in the request.
        cfn_api.endpoint_access_mode = "BASIC"
        if not access_logs:
            acknowledge(
                api.deployment_stage,
                {
                    "AwsSolutions-APIG1": "The function logs each request; prod has accessLogs on.",
                    "AwsSolutions-APIG6": "The function logs each request; prod has accessLogs on.",
                },
            )
        else:
            self._keep_execution_logs(api)
        return api

    def _protect(self, firewall: Firewall | None) -> None:
        stage = self.api.deployment_stage
        if firewall is None:
            reason = "Every call needs a token and is throttled; prod has a web ACL."
            acknowledge(stage, {"AwsSolutions-APIG3": reason})
        else:
            firewall.protect(self, "FirewallOfRequests", stage.stage_arn)

    def _keep_execution_logs(self, api: apigateway.RestApi) -> None:
        """Create the log group for the errors of API Gateway itself, which would otherwise create it at its first
        line of log, without a retention. The name is API Gateway's.
        """
        logs = log_group(
            self,
            "ExecutionLogs",
            stage=self.stage,
            name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/{STAGE_NAME}",
        )
        api.deployment_stage.node.add_dependency(logs)

    def _add_routes(self, authorizer: apigateway.IAuthorizer) -> None:
        # One permission for the whole API: one per method would soon exceed the size of the function's policy.
        integration = apigateway.LambdaIntegration(self.function.live, scope_permission_to_method=False)
        validate = apigateway.RequestValidator(
            self, "Validator", rest_api=self.api, validate_request_body=True, validate_request_parameters=True
        )
        for route in ROUTES:
            resource = self.api.root.resource_for_path(route.path)
            resource.add_method(
                route.method,
                integration,
                authorization_type=apigateway.AuthorizationType.COGNITO,
                authorizer=authorizer,
                request_validator=validate,
                request_models={"application/json": self._model(route.body)} if route.body else None,
                request_parameters={f"method.request.querystring.{query.name}": False for query in route.query}
                or None,
            )

    def _model(self, body: type[Request]) -> apigateway.IModel:
        # L1, because the L2 construct does not accept a schema as a dict.
        schema = request_model(body)
        model = apigateway.CfnModel(
            self,
            f"{body.__name__}Model",
            rest_api_id=self.api.rest_api_id,
            content_type="application/json",
            name=body.__name__,
            schema=schema,
        )
        # An API stage serves a deployment, which contains the schema: a changed schema needs a new deployment.
        cast(apigateway.Deployment, self.api.latest_deployment).add_to_logical_id(schema)
        return apigateway.Model.from_model_name(self, f"{body.__name__}ModelName", model.ref)

    def _add_refusals(self) -> None:
        for refusal in REFUSALS:
            self.api.add_gateway_response(
                f"Refusal{refusal.type.response_type}",
                type=refusal.type,
                status_code=str(refusal.status),
                templates={"application/json": json.dumps({"code": refusal.code, "message": refusal.message})},
                response_headers={name: f"'{value}'" for name, value in SECURITY_HEADERS.items()},
            )

    def _function(self) -> ChatFunction:
        data = self.data
        return ChatFunction(
            self,
            "ApiFunction",
            handler="api",
            memory_mib=1024,
            timeout=cdk.Duration.seconds(14),
            settings=ApiSettings,
            uses=[
                # Signing out closes the session's connections.
                self.websocket.closing,
                table(data.connections, "Query", "GetItem", "DeleteItem"),
                table(data.subscriptions, "BatchGetItem", "BatchWriteItem"),
                table(data.channels, "GetItem", "BatchGetItem", "PutItem", "UpdateItem"),
                index(data.channels, "byKind"),
                table(data.members, "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query"),
                index(data.members, "byChannel"),
                table(data.messages, "Query"),
                index(data.messages, "byMention"),
                table(data.reactions, "Query"),
                table(data.text_keys, "BatchGetItem"),
                table(data.users, "GetItem", "BatchGetItem", "PutItem", "UpdateItem"),
                index(data.users, "directory"),
                table(data.tickets, "BatchGetItem", "PutItem"),
                table(data.rates, "UpdateItem"),
                publish_to(self.events.bus),
            ],
        )
