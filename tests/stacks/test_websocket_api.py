"""The WebSocket API: every action has a route, every route answers, and nobody enters without a ticket."""

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
    """What a route leads to."""
    logical_id = named(route["Target"]).removeprefix("integrations/").strip("<>")
    integration: Resource = stage.templates["WebSocketApi"]["Resources"][logical_id]["Properties"]
    return integration


def test_every_action_is_a_route(stage: Synthesised) -> None:
    """An action that clients may send, and no other, finds its way without `$default`."""
    assert set(routes(stage)) == {"$connect", "$disconnect", "$default", *COMMANDS}


def test_every_route_runs_its_handler(stage: Synthesised) -> None:
    """The route's name and the function behind it belong together."""
    for key, handler in HANDLERS.items():
        uri = named(integration_of(stage, routes(stage)[key])["IntegrationUri"])
        logical_id = uri.split("functions/<")[1].split(".")[0]
        function = stage.templates["WebSocketApi"]["Resources"][logical_id]
        assert function["Properties"]["Handler"] == f"functions.handlers.{handler}.handler", key


def test_every_frame_gets_its_answer(stage: Synthesised) -> None:
    """Without a route response API Gateway drops what the function returns: no ack, no error frame."""
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
    """Keeping a connection open costs the frame and nothing else."""
    assert integration_of(stage, routes(stage)["ping"])["IntegrationType"] == "MOCK"
    (response,) = stage.resources("AWS::ApiGatewayV2::IntegrationResponse").values()
    (answer,) = response["Properties"]["ResponseTemplates"].values()
    assert Pong.model_validate(json.loads(answer)) == Pong()


def test_a_connection_needs_a_ticket(stage: Synthesised) -> None:
    """$connect asks the authorizer, and the authorizer asks for the ticket."""
    (authorizer,) = stage.resources("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["Properties"]["AuthorizerType"] == "REQUEST"
    assert authorizer["Properties"]["IdentitySource"] == ["route.request.querystring.ticket"]
    assert routes(stage)["$connect"]["AuthorizationType"] == "CUSTOM"


def test_the_stage_limits_what_all_clients_send_together(stage: Synthesised) -> None:
    """One flood must not use up the account's quota."""
    (websocket_stage,) = stage.resources("AWS::ApiGatewayV2::Stage").values()
    assert websocket_stage["Properties"]["StageName"] == "socket"
    assert websocket_stage["Properties"]["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_no_access_log_holds_a_ticket(prod: Synthesised) -> None:
    """The ticket is in the query string, which no format names."""
    (websocket_stage,) = prod.resources("AWS::ApiGatewayV2::Stage").values()
    assert "querystring" not in websocket_stage["Properties"]["AccessLogSettings"]["Format"].lower()
