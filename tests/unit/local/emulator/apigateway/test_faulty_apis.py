"""API Gateway's 5xx are injected for an API's clients: before a request is handled, or after it."""

import json
from typing import Any

import pytest

from local.emulator.apigateway.faulty_apis import FaultyApis
from local.emulator.faults import Faults

pytestmark = pytest.mark.anyio
Message = dict[str, Any]

REST: Message = {"type": "http", "method": "POST", "path": "/_aws/execute-api/a1/api/tickets"}
UPGRADE: Message = {"type": "websocket", "path": "/_aws/execute-api/a1/socket"}
POST: Message = {"type": "http", "method": "POST", "path": "/_aws/execute-api/a1/socket/@connections/c1"}
DYNAMODB: Message = {"type": "http", "method": "POST", "path": "/"}


class Application:
    """An API behind the faults: it answers requests, opens sockets and serves them until they close."""

    def __init__(self) -> None:
        self.handled: list[Message] = []

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        self.handled.append(await receive())
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 201, "headers": []})
            await send({"type": "http.response.body", "body": b"made"})
            return
        await send({"type": "websocket.accept"})
        self.handled.append(await receive())
        await send({"type": "websocket.close", "code": 1000})


def injected(**rule: Any) -> Faults:
    """Faults with one rule for the API."""
    faults = Faults()
    faults.replace(json.dumps([{"where": "api", "what": "error", **rule}]).encode())
    return faults


async def answers(application: Application, faults: Faults, scope: Message) -> list[Message]:
    """What the server of this request sends."""
    sent: list[Message] = []
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "a frame"}])

    async def receive() -> Message:
        return next(incoming) if scope["type"] == "websocket" else {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await FaultyApis(application, faults)(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "Internal server error"),
        (502, "Internal server error"),
        (503, "Service Unavailable"),
        (504, "Endpoint request timed out"),
    ],
)
@pytest.mark.parametrize(("scope", "kind"), [(REST, "http.response"), (UPGRADE, "websocket.http.response")])
async def test_an_error_is_answered_and_nothing_done(scope: Message, kind: str, status: int, text: str):
    """With API Gateway's text; the application does not see the request."""
    application = Application()
    sent = await answers(application, injected(status=status), scope)
    assert not application.handled
    assert [message["type"] for message in sent] == [f"{kind}.start", f"{kind}.body"]
    assert sent[0]["status"] == status
    assert json.loads(sent[1]["body"]) == {"message": text}


async def test_a_lost_answer_of_a_request_is_replaced():
    """The request is handled once, and its client gets the 5xx alone."""
    application = Application()
    sent = await answers(application, injected(what="lost", status=504), REST)
    assert len(application.handled) == 1
    assert [message.get("status") for message in sent] == [504, None]


async def test_a_lost_upgrade_runs_the_routes_of_a_connection_that_closes_at_once():
    """`$connect` has run, the client gets the 5xx, and the connection ends without a frame."""
    application = Application()
    sent = await answers(application, injected(what="lost"), UPGRADE)
    assert [message["type"] for message in application.handled] == ["websocket.connect", "websocket.disconnect"]
    assert [message["type"] for message in sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]


@pytest.mark.parametrize(
    ("only", "scope"),
    [("POST", POST), ("POST", DYNAMODB), ("GET", REST), ("/channels", REST), ("UPGRADE", REST), ("", POST)],
)
async def test_other_requests_are_not_affected(only: str, scope: Message):
    """Neither other methods and paths, nor what the functions send: `@connections` and other services."""
    application, faults = Application(), injected(only=only)
    sent = await answers(application, faults, scope)
    assert sent[0].get("status") == 201
    assert faults.describe()[0]["struck"] == 0


@pytest.mark.parametrize(("only", "scope"), [("POST", REST), ("/tickets", REST), ("UPGRADE", UPGRADE)])
async def test_a_rule_strikes_as_often_as_it_says(only: str, scope: Message):
    """A client that sends the request again is answered."""
    application, faults = Application(), injected(only=only, times=1)
    first, second = [await answers(application, faults, scope) for _ in range(2)]
    assert first[0]["status"] == 502
    assert second[0]["type"] in ("http.response.start", "websocket.accept")
    assert second[0].get("status", 101) < 500
    assert faults.describe()[0]["struck"] == 1


def test_an_unknown_status_or_place_is_refused():
    """The control route answers 400 with the reason."""
    for rule in ({"status": 418}, {"where": "elsewhere"}, {"buffer": -1}):
        with pytest.raises(ValueError, match=next(iter(rule))):
            injected(**rule)
