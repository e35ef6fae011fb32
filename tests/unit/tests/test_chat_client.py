"""The client of the tests: waiting for a socket's end fails while it is open."""

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests import chat_client
from tests.chat_client import Socket

pytestmark = pytest.mark.anyio


async def test_a_socket_that_stays_open_fails_the_wait_for_its_end(monkeypatch: pytest.MonkeyPatch):
    """At the deadline; a socket that has closed does not."""

    async def keep_open(connection: ServerConnection) -> None:
        await connection.wait_closed()

    monkeypatch.setattr(chat_client, "DEADLINE_SECONDS", 0.01)
    async with serve(keep_open, "127.0.0.1", 0) as server:
        socket = await Socket.open(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "t")
        with pytest.raises(AssertionError, match="still open"):
            await socket.wait_until_closed()
        await socket.close()
        await socket.wait_until_closed()
