"""Answer a client of an API with API Gateway's 5xx: a REST request, or the upgrade that opens a WebSocket.

On AWS these answers come from API Gateway, not from a function: the client gets the text below, no code of the
contract, and does not know whether the function ran. With `lost`, it did.
"""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from local.emulator.faults import Faults

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

EXECUTE_API = "/_aws/execute-api/"
ANSWER_STARTS = ("http.response.start", "websocket.accept", "websocket.http.response.start", "websocket.close")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
TEXTS = {
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal server error",
    HTTPStatus.BAD_GATEWAY: "Internal server error",
    HTTPStatus.SERVICE_UNAVAILABLE: "Service Unavailable",
    HTTPStatus.GATEWAY_TIMEOUT: "Endpoint request timed out",
}


class FaultyApis:
    """An ASGI application that answers the requests of an API's clients with 5xx when a rule strikes."""

    def __init__(self, application: Application, faults: Faults) -> None:
        self._application = application
        self._faults = faults

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or apply the rule that strikes."""
        rule = self._faults.strike("api", called(scope)) if is_of_a_client(scope) else None
        if rule is None:
            await self._application(scope, receive, send)
        elif rule.what == "lost":
            await self._lose_answer(scope, receive, send, rule.status)
        else:
            if scope["type"] == "websocket":
                await receive()
            await answer(scope, send, rule.status)

    async def _lose_answer(self, scope: Message, receive: Receive, send: Send, status: int) -> None:
        """Let the application handle the request, and replace its answer. A socket is closed at once."""
        is_refused = False

        async def receive_until_refused() -> Message:
            return {"type": "websocket.disconnect", "code": 1006} if is_refused else await receive()

        async def send_refusal(message: Message) -> None:
            nonlocal is_refused
            if message["type"] in ANSWER_STARTS and not is_refused:
                is_refused = True
                await answer(scope, send, status)

        await self._application(
            scope, receive_until_refused if scope["type"] == "websocket" else receive, send_refusal
        )


def is_of_a_client(scope: Message) -> bool:
    """Whether a request is one of an API's client: neither the management API nor another service's."""
    path = str(scope.get("path", ""))
    return scope["type"] in ("http", "websocket") and path.startswith(EXECUTE_API) and "/@connections/" not in path


def called(scope: Message) -> str:
    """`GET /_aws/execute-api/…/channels`, or `UPGRADE /_aws/execute-api/…/socket`."""
    method = "UPGRADE" if scope["type"] == "websocket" else str(scope["method"])
    return f"{method} {scope['path']}"


async def answer(scope: Message, send: Send, status: int) -> None:
    """Answer with a 5xx of API Gateway."""
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [(b"content-type", b"application/json"), (b"x-amzn-errortype", b"InternalServerErrorException")]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": json.dumps({"message": TEXTS[HTTPStatus(status)]}).encode()})
