"""The WebSocket API: its authorizer, its routes, and the functions of the routes.

The functions that post events as frames are in the Delivery stack.
"""

import json
from dataclasses import replace
from typing import cast

from aws_cdk import ArnFormat, Aws, CfnElement
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from functions.contract.commands import Action
from functions.contract.frames import Pong
from functions.settings import (
    AuthorizeSettings,
    ChangeMessageSettings,
    ConnectSettings,
    DisconnectSettings,
    SendMessageSettings,
    SocketRouteSettings,
    StartTypingSettings,
)
from stacks.access_logs import WEBSOCKET_FORMAT, access_log_group, api_gateway_log_role
from stacks.chat_function import ChatFunction
from stacks.data import DataStack
from stacks.dns import add_alias
from stacks.events import EventsStack
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage
from stacks.uses import Use, publish_to, table

STAGE_NAME = "socket"
# Frames that no client sends: a flood of them must not use up the frames of the other routes.
UNKNOWN_FRAMES_PER_SECOND = 50
UNKNOWN_FRAME_BURST = 100
CHANNELS_AT_FULL_RATE = 10
"""The number of channels in which a user can send at a member's rate at the same time."""

CHANGE_MESSAGE_ACTIONS = (
    Action.EDIT_MESSAGE,
    Action.DELETE_MESSAGE,
    Action.ADD_REACTION,
    Action.REMOVE_REACTION,
)


class WebSocketApiStack(StageStack):
    """The API, its authorizer, its routes and their functions."""

    def __init__(self, scope: Construct, *, stage: Stage, data: DataStack, events: EventsStack) -> None:
        super().__init__(scope, "WebSocketApi", stage=stage, description="WebSocket API and its functions")
        self.data = data
        self.events = events
        authorize = self._authorize()
        self.api = apigatewayv2.WebSocketApi(
            self,
            "Api",
            api_name=f"Parley-{stage.name}",
            description=f"Parley ({stage.name}): frames",
            route_selection_expression="$request.body.action",
            connect_route_options=apigatewayv2.WebSocketRouteOptions(
                authorizer=authorizers.WebSocketLambdaAuthorizer(
                    "TicketAuthorizer",
                    authorize.live,
                    identity_source=["route.request.querystring.ticket"],
                ),
                integration=integrations.WebSocketLambdaIntegration("Connect", self._connect().live),
            ),
            disconnect_route_options=apigatewayv2.WebSocketRouteOptions(
                integration=integrations.WebSocketLambdaIntegration("Disconnect", self._disconnect().live),
            ),
        )
        _acknowledge_open_route(self.api.node.find_child("$disconnect-Route"))
        # Every route below closes a socket whose session has expired or whose user floods it, after a last frame.
        self.posting = self._connections_use("Post", "POST", "Post frames to the connections")
        self.closing = self._connections_use("Close", "DELETE", "Close the connections")
        self._route(Action.SEND_MESSAGE, self._send_message())
        change_message = self._change_message()
        for action in CHANGE_MESSAGE_ACTIONS:
            self._route(action, change_message)
        self._route(Action.START_TYPING, self._start_typing())
        self._route("$default", self._default())
        self._route_with_fixed_answer(Action.PING, Pong().encode())

        self.websocket_stage = self._stage()
        self.url = f"wss://{stage.socket_domain}" if stage.socket_domain else self.websocket_stage.url
        self.output("WebSocketUrl", self.url)
        self.output("WebSocketApiId", self.api.api_id)

    @property
    def callback_url(self) -> str:
        """The URL that functions post frames to. Its host is the API's own, not a custom domain."""
        return f"https://{self.host}/{STAGE_NAME}"

    @property
    def host(self) -> str:
        """The API's own host name."""
        return f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    @property
    def browser_host(self) -> str:
        """The host name to which browsers connect."""
        return self.stage.socket_domain or self.host

    def _domain_mapping(self) -> apigatewayv2.DomainMappingOptions | None:
        """The domain of the stage's settings, if any. The API's own host stays open: functions post there."""
        name, certificate = self.stage.socket_domain, self.stage.socket_certificate_arn
        if name is None or certificate is None:
            return None
        domain = apigatewayv2.DomainName(
            self,
            "Domain",
            domain_name=name,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", certificate),
            security_policy=apigatewayv2.SecurityPolicy.TLS_1_2,
        )
        add_alias(
            self,
            "DomainAlias",
            zone_id=self.stage.hosted_zone_id,
            name=name,
            target=domain.regional_domain_name,
            target_zone_id=domain.regional_hosted_zone_id,
        )
        self.output("SocketDomainTarget", domain.regional_domain_name)
        return apigatewayv2.DomainMappingOptions(domain_name=domain)

    def _authorize(self) -> ChatFunction:
        return ChatFunction(
            self,
            "Authorize",
            handler="authorize",
            settings=AuthorizeSettings,
            uses=[table(self.data.tickets, "BatchGetItem", "DeleteItem")],
        )

    def _connect(self) -> ChatFunction:
        return ChatFunction(
            self,
            "Connect",
            handler="connect",
            settings=ConnectSettings,
            uses=[
                table(self.data.connections, "PutItem", "DeleteItem"),
                table(self.data.tickets, "BatchGetItem"),
                table(self.data.members, "Query"),
                table(self.data.subscriptions, "BatchGetItem", "BatchWriteItem"),
                publish_to(self.events.bus),
            ],
        )

    def _disconnect(self) -> ChatFunction:
        return ChatFunction(
            self,
            "Disconnect",
            handler="disconnect",
            settings=DisconnectSettings,
            uses=[
                table(self.data.connections, "DeleteItem"),
                table(self.data.members, "Query"),
                table(self.data.subscriptions, "BatchGetItem", "BatchWriteItem"),
                publish_to(self.events.bus),
            ],
        )

    def _send_message(self) -> ChatFunction:
        return ChatFunction(
            self,
            "SendMessage",
            handler="send_message",
            # Users wait for this function. Twice the CPU takes half the time, at the same price.
            memory_mib=1024,
            settings=SendMessageSettings,
            uses=[
                table(self.data.members, "UpdateItem"),
                table(self.data.text_keys, "BatchGetItem", "GetItem", "PutItem"),
                publish_to(self.events.bus),
                self._rate_limit,
                self._user_limits,
                self.posting,
                self.closing,
            ],
        )

    def _change_message(self) -> ChatFunction:
        return ChatFunction(
            self,
            "ChangeMessage",
            handler="change_message",
            settings=ChangeMessageSettings,
            uses=[
                table(self.data.members, "GetItem", "UpdateItem"),
                table(self.data.messages, "GetItem"),
                table(self.data.text_keys, "BatchGetItem", "GetItem", "PutItem"),
                publish_to(self.events.bus),
                self._rate_limit,
                self._user_limits,
                self.posting,
                self.closing,
            ],
        )

    def _start_typing(self) -> ChatFunction:
        return ChatFunction(
            self,
            "StartTyping",
            handler="start_typing",
            settings=StartTypingSettings,
            uses=[
                table(self.data.members, "UpdateItem"),
                publish_to(self.events.bus),
                self._user_limits,
                self.posting,
                self.closing,
            ],
        )

    def _default(self) -> ChatFunction:
        return ChatFunction(
            self,
            "DefaultRoute",
            handler="default",
            memory_mib=256,
            settings=SocketRouteSettings,
            uses=[self._user_limits, self.posting, self.closing],
        )

    @property
    def _user_limits(self) -> Use:
        """To count the frames of a user, and those that are refused."""
        counted = table(self.data.rates, "PutItem", "UpdateItem")
        frames_per_user = CHANNELS_AT_FULL_RATE * self.stage.messages_per_second
        return replace(counted, settings={**counted.settings, "frames_per_user": frames_per_user})

    @property
    def _rate_limit(self) -> Use:
        return Use(
            settings={
                "messages_per_second": self.stage.messages_per_second,
                "message_burst": self.stage.message_burst,
            }
        )

    def _route(self, key: str, function: ChatFunction) -> None:
        """Add a route. The frame that its function returns is sent to the client."""
        route = self.api.add_route(
            key,
            integration=integrations.WebSocketLambdaIntegration("Function", function.live),
            return_response=True,
        )
        _acknowledge_open_route(route)

    def _route_with_fixed_answer(self, key: str, answer: str) -> None:
        """Add a route that API Gateway answers with a fixed frame, without a function."""
        integration = apigatewayv2.CfnIntegration(
            self,
            f"{key}Integration",
            api_id=self.api.api_id,
            integration_type="MOCK",
            template_selection_expression="200",
            request_templates={"200": json.dumps({"statusCode": 200})},
        )
        apigatewayv2.CfnIntegrationResponse(
            self,
            f"{key}IntegrationResponse",
            api_id=self.api.api_id,
            integration_id=integration.ref,
            integration_response_key="/200/",
            template_selection_expression="200",
            response_templates={"200": answer},
        )
        route = apigatewayv2.CfnRoute(
            self,
            f"{key}Route",
            api_id=self.api.api_id,
            route_key=key,
            route_response_selection_expression="$default",
            target=f"integrations/{integration.ref}",
        )
        _acknowledge_open_route(route)
        apigatewayv2.CfnRouteResponse(
            self,
            f"{key}RouteResponse",
            api_id=self.api.api_id,
            route_id=route.ref,
            route_response_key="$default",
        )

    def _stage(self) -> apigatewayv2.WebSocketStage:
        stage = apigatewayv2.WebSocketStage(
            self,
            "Socket",
            web_socket_api=self.api,
            stage_name=STAGE_NAME,
            auto_deploy=True,
            # Frames of all clients together. The functions limit the rate of each user.
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=self.stage.frames_per_second, burst_limit=self.stage.frame_burst
            ),
            domain_mapping=self._domain_mapping(),
        )
        cfn_stage = cast(apigatewayv2.CfnStage, stage.node.default_child)
        self._deploy_after_the_routes(cfn_stage)
        cfn_stage.route_settings = {
            # API Gateway answers pings, so no function counts them.
            Action.PING.value: _throttle(self.stage.pings_per_second, self.stage.ping_burst),
            "$default": _throttle(UNKNOWN_FRAMES_PER_SECOND, UNKNOWN_FRAME_BURST),
        }
        if self.stage.access_logs:
            cfn_stage.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=self.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=access_log_group(self, stage=self.stage).log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                ),
                format=WEBSOCKET_FORMAT,
            )
            cfn_stage.add_resource_dependency(api_gateway_log_role(self))
        else:
            acknowledge(
                stage,
                {"AwsSolutions-APIG1": "The functions log each frame; prod has accessLogs on."},
            )
        return stage

    def _deploy_after_the_routes(self, stage: apigatewayv2.CfnStage) -> None:
        """Create the API stage last: with `auto_deploy`, API Gateway deploys the API when the stage is created
        and after each later change. The deployment of a stage that is created earlier lacks routes, and a stage
        with settings for a route that does not exist yet is refused.
        """
        parts = (
            apigatewayv2.CfnRoute,
            apigatewayv2.CfnRouteResponse,
            apigatewayv2.CfnIntegration,
            apigatewayv2.CfnIntegrationResponse,
        )
        for construct in self.node.find_all():
            if isinstance(construct, parts):
                stage.add_resource_dependency(construct)

    def _connections_use(self, name: str, method: str, description: str) -> Use:
        """A right on the open connections, for functions of this stack and others. boto3 reads the variable."""
        policy = iam.ManagedPolicy(
            self,
            f"May{name}",
            description=f"{description} of Parley ({self.stage.name})",
            statements=[
                iam.PolicyStatement(
                    actions=["execute-api:ManageConnections"],
                    resources=[
                        self.format_arn(
                            service="execute-api",
                            resource=self.api.api_id,
                            resource_name=f"{STAGE_NAME}/{method}/@connections/*",
                        )
                    ],
                )
            ],
        )
        api = self.resolve(self.get_logical_id(cast(CfnElement, self.api.node.default_child)))
        host = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{api}>"
        finding = f"AwsSolutions-IAM5[Resource::{host}/{STAGE_NAME}/{method}/@connections/*]"
        acknowledge(policy, {finding: "The ids of connections are not known at deployment."})
        return Use(
            environment={"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.callback_url}, managed_policies=[policy]
        )


def _throttle(rate: float, burst: int) -> dict[str, float]:
    """The settings of one route. They replace the throttle that the other routes share."""
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


def _acknowledge_open_route(route: IConstruct) -> None:
    acknowledge(
        route,
        {"AwsSolutions-APIG4": "API Gateway authorizes a socket at $connect; frames arrive on that socket."},
    )
