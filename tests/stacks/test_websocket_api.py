"""The WebSocket API: every action has a route, every route answers, and a connection needs a ticket."""

import json

from functions.contract.commands import COMMANDS, Action
from functions.contract.frames import Pong
from tests.stacks.conftest import Resource, Synthesised, named

HANDLERS = {
    "$connect": "connect",
    "$disconnect": "disconnect",
    "$default": "default",
    Action.SEND_MESSAGE: "send_message",
    Action.EDIT_MESSAGE: "change_message",
    Action.DELETE_MESSAGE: "change_message",
    Action.ADD_REACTION: "change_message",
    Action.REMOVE_REACTION: "change_message",
    Action.START_TYPING: "start_typing",
}


def routes(stage: Synthesised) -> dict[str, Resource]:
    """The routes by their keys."""
    found = stage.resources("AWS::ApiGatewayV2::Route").values()
    return {route["Properties"]["RouteKey"]: route["Properties"] for route in found}


def integration_of(stage: Synthesised, route: Resource) -> Resource:
    """The integration of a route."""
    logical_id = named(route["Target"]).removeprefix("integrations/").strip("<>")
    integration: Resource = stage.templates["WebSocketApi"]["Resources"][logical_id]["Properties"]
    return integration


def test_every_action_is_a_route(stage: Synthesised) -> None:
    """And there are no others, except for API Gateway's own."""
    assert set(routes(stage)) == {"$connect", "$disconnect", "$default", *COMMANDS}


def test_every_route_runs_its_handler(stage: Synthesised) -> None:
    """The function of a route has the route's handler."""
    for key, handler in HANDLERS.items():
        uri = named(integration_of(stage, routes(stage)[key])["IntegrationUri"])
        logical_id = uri.split("functions/<")[1].split(".")[0]
        resources = stage.templates["WebSocketApi"]["Resources"]
        function = resources[logical_id.removesuffix(">/invocations")]
        if function["Type"] == "AWS::Lambda::Alias":
            function = resources[function["Properties"]["FunctionName"]["Ref"]]
        assert function["Properties"]["Handler"] == f"functions.handlers.{handler}.handler", key


def test_every_frame_is_answered(stage: Synthesised) -> None:
    """Without a route response, API Gateway drops what the function returns."""
    answering = {
        named(response["Properties"]["RouteId"]).strip("<>")
        for response in stage.resources("AWS::ApiGatewayV2::RouteResponse").values()
    }
    for key, route in stage.resources("AWS::ApiGatewayV2::Route").items():
        if route["Properties"]["RouteKey"] in ("$connect", "$disconnect"):
            continue
        assert route["Properties"]["RouteResponseSelectionExpression"] == "$default"
        assert key.split(".")[1] in answering


def test_a_ping_is_answered_without_a_function(stage: Synthesised) -> None:
    """Keeping a connection open costs only the frame."""
    assert integration_of(stage, routes(stage)["ping"])["IntegrationType"] == "MOCK"
    (response,) = stage.resources("AWS::ApiGatewayV2::IntegrationResponse").values()
    (answer,) = response["Properties"]["ResponseTemplates"].values()
    assert Pong.model_validate(json.loads(answer)) == Pong()


def test_a_connection_needs_a_ticket(stage: Synthesised) -> None:
    """$connect has the authorizer, which requires the query parameter."""
    (authorizer,) = stage.resources("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["Properties"]["AuthorizerType"] == "REQUEST"
    assert authorizer["Properties"]["IdentitySource"] == ["route.request.querystring.ticket"]
    assert routes(stage)["$connect"]["AuthorizationType"] == "CUSTOM"


def test_the_api_stage_limits_the_frames_of_all_clients(stage: Synthesised) -> None:
    """A flood must not use up the account's quota."""
    (websocket_stage,) = stage.resources("AWS::ApiGatewayV2::Stage").values()
    assert websocket_stage["Properties"]["StageName"] == "socket"
    assert websocket_stage["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_the_first_deployment_has_every_route(stage: Synthesised) -> None:
    """API Gateway deploys the API when the API stage is created, and again after each later change."""
    (websocket_stage,) = stage.resources("AWS::ApiGatewayV2::Stage").values()
    assert websocket_stage["Properties"]["AutoDeploy"] is True
    assert "DeploymentId" not in websocket_stage["Properties"]
    before = set(websocket_stage["DependsOn"])
    for kind in ("Route", "RouteResponse", "Integration", "IntegrationResponse"):
        parts = {key.split(".")[1] for key in stage.resources(f"AWS::ApiGatewayV2::{kind}")}
        assert parts <= before, kind


def test_api_gateway_writes_no_execution_logs_of_sockets(stage: Synthesised, full: Synthesised) -> None:
    """They would contain frames, in a log group that API Gateway creates without a retention."""
    for each in (stage, full):
        (websocket_stage,) = each.resources("AWS::ApiGatewayV2::Stage").values()
        assert "LoggingLevel" not in websocket_stage["Properties"]["DefaultRouteSettings"]
        assert "DataTraceEnabled" not in websocket_stage["Properties"]["DefaultRouteSettings"]


def test_frames_that_no_function_counts_have_their_own_throttle(stage: Synthesised) -> None:
    """A flood of pings, which API Gateway answers, or of unknown frames must leave the others their share."""
    (websocket_stage,) = stage.resources("AWS::ApiGatewayV2::Stage").values()
    properties = websocket_stage["Properties"]
    assert set(properties["RouteSettings"]) == {Action.PING, "$default"}
    routes = {each["Properties"]["RouteKey"] for each in stage.resources("AWS::ApiGatewayV2::Route").values()}
    assert set(properties["RouteSettings"]) <= routes, "API Gateway refuses settings of an unknown route"
    for settings in properties["RouteSettings"].values():
        assert 0 < settings["ThrottlingRateLimit"] < properties["DefaultRouteSettings"]["ThrottlingRateLimit"] / 2


def test_access_logs_contain_no_ticket(prod: Synthesised) -> None:
    """The ticket is in the query string, which the format does not contain."""
    (websocket_stage,) = prod.resources("AWS::ApiGatewayV2::Stage").values()
    assert "querystring" not in websocket_stage["Properties"]["AccessLogSettings"]["Format"].lower()
