"""The WebSocket API: who may connect, and which function takes which frame.

Frames that the server sends on its own go out from the Delivery stack.
"""

import json
from typing import cast

from aws_cdk import ArnFormat, Aws, CfnElement
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
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
    StartTypingSettings,
)
from stacks.access_logs import WEBSOCKET_FORMAT, access_log_group, let_api_gateway_log
from stacks.chat_function import ChatFunction
from stacks.data import DataStack
from stacks.events import EventsStack
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage

STAGE_NAME = "socket"
# Frames a second of all clients together; one user's are counted by the functions.
FRAMES_PER_SECOND = 1000
FRAME_BURST = 2000

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
                    authorize,
                    identity_source=["route.request.querystring.ticket"],
                ),
                integration=integrations.WebSocketLambdaIntegration("Connect", self._connect()),
            ),
            disconnect_route_options=apigatewayv2.WebSocketRouteOptions(
                integration=integrations.WebSocketLambdaIntegration("Disconnect", self._disconnect()),
            ),
        )
        _acknowledge_open_route(self.api.node.find_child("$disconnect-Route"))
        self.may_post = self._may("Post", "POST", "Post frames to the connections")
        self.may_close = self._may("Close", "DELETE", "Close the connections")
        self._route(Action.SEND_MESSAGE, self._send_message())
        change_message = self._change_message()
        for action in CHANGE_MESSAGE_ACTIONS:
            self._route(action, change_message)
        self._route(Action.START_TYPING, self._start_typing())
        self._route("$default", self._default())
        self._route_answered_by_itself(Action.PING, Pong().encode())

        self.websocket_stage = self._stage()
        self.url = self.websocket_stage.url
        self.output("WebSocketUrl", self.url)
        self.output("WebSocketApiId", self.api.api_id)

    @property
    def callback_url(self) -> str:
        """Where functions post frames to: the API's own host, never a custom domain."""
        return f"https://{self.host}/{STAGE_NAME}"

    @property
    def posting_environment(self) -> dict[str, str]:
        """What a function that posts or closes has in its environment; boto3 reads this variable by itself."""
        return {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.callback_url}

    @property
    def host(self) -> str:
        """The API's own host name."""
        return f"{self.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"

    def _authorize(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "Authorize",
            handler="authorize",
            settings=AuthorizeSettings(tickets_table=self.data.tickets.table_name),
        )
        function.allow("dynamodb:GetItem", "dynamodb:DeleteItem", on=[self.data.tickets.table_arn])
        return function

    def _connect(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "Connect",
            handler="connect",
            settings=ConnectSettings(
                connections_table=self.data.connections.table_name,
                subscriptions_table=self.data.subscriptions.table_name,
                members_table=self.data.members.table_name,
                bus_name=self.events.bus.event_bus_name,
                tickets_table=self.data.tickets.table_name,
            ),
        )
        function.allow("dynamodb:PutItem", "dynamodb:DeleteItem", on=[self.data.connections.table_arn])
        function.allow("dynamodb:GetItem", on=[self.data.tickets.table_arn])
        function.allow("dynamodb:Query", on=[self.data.members.table_arn])
        function.allow("dynamodb:BatchWriteItem", on=[self.data.subscriptions.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _disconnect(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "Disconnect",
            handler="disconnect",
            settings=DisconnectSettings(
                connections_table=self.data.connections.table_name,
                subscriptions_table=self.data.subscriptions.table_name,
                members_table=self.data.members.table_name,
                bus_name=self.events.bus.event_bus_name,
            ),
        )
        function.allow("dynamodb:DeleteItem", on=[self.data.connections.table_arn])
        function.allow("dynamodb:Query", on=[self.data.members.table_arn])
        function.allow("dynamodb:BatchWriteItem", on=[self.data.subscriptions.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _send_message(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "SendMessage",
            handler="send_message",
            # The function that people wait for: twice the CPU halves the wait for the same price.
            memory_mib=1024,
            settings=SendMessageSettings(
                members_table=self.data.members.table_name,
                bus_name=self.events.bus.event_bus_name,
                messages_per_second=self.stage.messages_per_second,
                message_burst=self.stage.message_burst,
            ),
            environment=self.posting_environment,
        )
        self._let_dismiss(function)
        function.allow("dynamodb:UpdateItem", on=[self.data.members.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _change_message(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "ChangeMessage",
            handler="change_message",
            settings=ChangeMessageSettings(
                members_table=self.data.members.table_name,
                messages_table=self.data.messages.table_name,
                bus_name=self.events.bus.event_bus_name,
                messages_per_second=self.stage.messages_per_second,
                message_burst=self.stage.message_burst,
            ),
            environment=self.posting_environment,
        )
        self._let_dismiss(function)
        function.allow("dynamodb:GetItem", "dynamodb:UpdateItem", on=[self.data.members.table_arn])
        function.allow("dynamodb:GetItem", on=[self.data.messages.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _start_typing(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "StartTyping",
            handler="start_typing",
            settings=StartTypingSettings(
                members_table=self.data.members.table_name, bus_name=self.events.bus.event_bus_name
            ),
            environment=self.posting_environment,
        )
        self._let_dismiss(function)
        function.allow("dynamodb:UpdateItem", on=[self.data.members.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _default(self) -> ChatFunction:
        function = ChatFunction(
            self, "DefaultRoute", handler="default", memory_mib=256, environment=self.posting_environment
        )
        self._let_dismiss(function)
        return function

    def _let_dismiss(self, function: ChatFunction) -> None:
        """A route tells an expired session that it is, and closes its socket."""
        function.execution_role.add_managed_policy(self.may_post)
        function.execution_role.add_managed_policy(self.may_close)

    def _route(self, key: str, function: ChatFunction) -> None:
        """A route whose function's answer goes back to the client."""
        route = self.api.add_route(
            key,
            integration=integrations.WebSocketLambdaIntegration("Function", function),
            return_response=True,
        )
        _acknowledge_open_route(route)

    def _route_answered_by_itself(self, key: str, answer: str) -> None:
        """A route that API Gateway answers, always the same, at the price of the frame alone."""
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
            throttle=apigatewayv2.ThrottleSettings(rate_limit=FRAMES_PER_SECOND, burst_limit=FRAME_BURST),
        )
        if self.stage.access_logs:
            cfn_stage = cast(apigatewayv2.CfnStage, stage.node.default_child)
            cfn_stage.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
                destination_arn=self.format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=access_log_group(self, stage=self.stage).log_group_name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                ),
                format=WEBSOCKET_FORMAT,
            )
            cfn_stage.add_resource_dependency(let_api_gateway_log(self))
        else:
            acknowledge(
                stage,
                {"AwsSolutions-APIG1": "Functions log each frame they take; production has accessLogs on."},
            )
        return stage

    def _may(self, name: str, method: str, what: str) -> iam.ManagedPolicy:
        """A right over whoever is connected here, for the functions of this stack and of others that use it."""
        policy = iam.ManagedPolicy(
            self,
            f"May{name}",
            description=f"{what} of Parley ({self.stage.name})",
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
        acknowledge(policy, {finding: "Connection ids are not known beforehand."})
        return policy


def _acknowledge_open_route(route: IConstruct) -> None:
    acknowledge(
        route,
        {"AwsSolutions-APIG4": "API Gateway authorises a WebSocket at $connect; its frames come on that socket."},
    )
