"""A stopped client sends no request, although its closing socket still receives frames."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.chat_client import Api, ChatClient
from tests.resuming_client import ResumingClient

pytestmark = pytest.mark.anyio

CHANNEL_ID = "c-1"
# Long enough that the socket buffers hold only a few dozen messages, so that the server always has more to send.
TEXT = "tea " * 16_000


class Rest:
    """The two REST routes that the client calls, for a channel without messages."""

    def __init__(self) -> None:
        self.app = Starlette(
            routes=[
                Route("/tickets", self.ticket, methods=["POST"]),
                Route("/channels/{channel_id}/messages", self.messages),
            ]
        )

    async def ticket(self, _: Request) -> Response:
        """A ticket."""
        return JSONResponse({"ticket": "t"})

    async def messages(self, _: Request) -> Response:
        """No message."""
        return JSONResponse({"items": [], "hasMore": False})


async def send_every_second_message(connection: ServerConnection) -> None:
    """Send messages with every second seq until the socket has closed, also while it is closing."""
    with contextlib.suppress(ConnectionClosed):
        for seq in itertools.count(2, 2):
            message = {"channelId": CHANNEL_ID, "messageId": f"m-{seq}", "seq": seq, "text": TEXT}
            await connection.send(json.dumps({"type": "message", **message}))


@asynccontextmanager
async def client_that_misses_messages(rest: Rest) -> AsyncIterator[ResumingClient]:
    """A client, not started, whose server skips every other seq."""
    async with (
        serve(send_every_second_message, "127.0.0.1", 0, compression=None) as server,
        httpx.AsyncClient(transport=httpx.ASGITransport(rest.app), base_url="http://api.example") as http,
    ):
        port = server.sockets[0].getsockname()[1]
        yield ResumingClient(ChatClient(Api(http), f"ws://127.0.0.1:{port}", {"userId": "alice"}), CHANNEL_ID)


async def test_a_stopped_client_requests_nothing():
    """Frames that arrive while the socket closes reveal missing messages, and the client does not fetch them."""
    async with client_that_misses_messages(Rest()) as client:
        client.start()
        await client.wait_until(lambda: len(client.view) > 10)
        displayed = len(client.view)
        await client.stop()
        assert len(client.view) > displayed, "no frame arrived while the socket closed"
        # No task of the client runs any more, so no request can follow.
        names = {str(getattr(task.get_coro(), "__qualname__", "")) for task in asyncio.all_tasks()}
        assert [name for name in names if name.startswith(ResumingClient.__name__)] == []
