"""Posts to connections reach the open sockets directly, unless policies are enforced."""

import asyncio
from typing import Any

import pytest
from ministack import app

from local.emulator.apigateway.connection_posts import ConnectionPosts
from local.emulator.asgi import Receive, Scope, Send

POST = "/_aws/execute-api/api-1/socket/@connections/abc="


class Sessions:
    """Connections of which only `abc=` is open; notes the posts."""

    def __init__(self) -> None:
        self.posts: list[tuple[Any, ...]] = []

    async def manage(self, *request: Any) -> tuple[int, dict[str, str], bytes]:
        self.posts.append(request[:5])
        if request[3] == "abc=":
            return 200, {"Content-Type": "application/json"}, b""
        return 410, {"x-amzn-ErrorType": "GoneException"}, b"{}"


def answered(sessions: Sessions, path: str, method: str = "POST") -> tuple[int, dict[str, str], bytes]:
    """The answer to a request with the body `hello`, in two parts; 299 if it was passed on."""
    sent: list[dict[str, Any]] = []
    parts = iter([b"hel", b"lo"])

    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> dict[str, Any]:
        part = next(parts)
        return {"type": "http.request", "body": part, "more_body": part == b"hel"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(ConnectionPosts(application, sessions)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"]


def test_a_post_is_answered_by_the_sessions():
    """With the error's type for the SDK, and the length of the body."""
    sessions = Sessions()
    status, headers, _ = answered(sessions, POST)
    assert (status, headers["content-length"]) == (200, "0")
    status, headers, body = answered(sessions, POST.replace("abc", "gone"))
    assert (status, headers["x-amzn-errortype"], body) == (410, "GoneException", b"{}")
    assert sessions.posts[0] == ("POST", "api-1", "socket", "abc=", b"hello")


@pytest.mark.parametrize(
    ("path", "method"),
    [(POST, "GET"), (POST, "DELETE"), (f"{POST}/more", "POST"), ("/_aws/execute-api/api-1/api/messages", "POST")],
)
def test_other_requests_are_passed_on(path: str, method: str):
    """To MiniStack."""
    sessions = Sessions()
    assert answered(sessions, path, method)[0] == 299
    assert sessions.posts == []


def test_posts_are_passed_on_while_policies_are_enforced(monkeypatch: pytest.MonkeyPatch):
    """MiniStack checks them."""
    monkeypatch.setattr(app, "AUTH", True)
    assert answered(Sessions(), POST)[0] == 299
