"""Take posts to connections directly to the open sockets.

On AWS, `POST @connections/{connectionId}` is one call of API Gateway. MiniStack (`app.app`) parses headers and
query, resolves custom domains and looks for the service of a request before it calls its function for connections,
although a message is one post for each recipient. This addition recognises such a request by its path. While IAM's
policies are enforced, MiniStack's own code takes the posts, and checks them.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import uuid4

from local.emulator import patching
from local.emulator.asgi import Receive, Scope, Send, read_body

PATH = re.compile(r"/_aws/execute-api/(?P<api>[^/]+)/(?P<stage>[^/]+)/@connections/(?P<connection>[^/]+)")

Response = tuple[int, dict[str, str], bytes]


class Sessions(Protocol):
    """What manages connections."""

    async def manage(
        self, method: str, api_id: str, stage: str, connection_id: str, body: bytes, headers: dict[str, str]
    ) -> Response:
        """Answer a request of the management API."""


class ConnectionPosts:
    """An ASGI application that answers posts to connections, and passes all other requests on."""

    def __init__(self, application: Callable[[Scope, Receive, Send], Awaitable[None]], sessions: Sessions) -> None:
        self._application = application
        self._sessions = sessions
        self._gateway = patching.module("app")
        patching.original("app", "_enforce_execute_api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        is_post = scope["type"] == "http" and scope["method"] == "POST" and not self._gateway.AUTH
        match = PATH.fullmatch(str(scope["path"])) if is_post else None
        if match is None:
            await self._application(scope, receive, send)
            return
        body = await read_body(receive)
        status, fields, answer = await self._sessions.manage(
            "POST", match["api"], match["stage"], match["connection"], body, {}
        )
        fields = {**fields, "x-amzn-RequestId": str(uuid4()), "Content-Length": str(len(answer))}
        headers: list[Any] = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
