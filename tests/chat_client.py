"""A headless chat client over the public contract, for any stage; used by tests, benchmarks and operator tools."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.waiting import DEADLINE_SECONDS

Frame = dict[str, Any]
TIMEOUT_SECONDS = 20.0
"""The default time limit for a request, for opening a socket, and for waiting for a frame."""


@cache
def tls_context() -> ssl.SSLContext:
    """The TLS context of all HTTP clients: each would read the file of certificates again, for 20 to 50 ms."""
    return httpx.create_ssl_context()


class NoSuchFrameError(AssertionError):
    """An expected frame did not arrive in time. The message lists the frames that arrived."""


@dataclass
class Api:
    """The REST API as one user."""

    http: httpx.AsyncClient

    @classmethod
    def open(cls, api_url: str, id_token: str) -> Self:
        """An API client with a user's ID token."""
        headers = {"Authorization": id_token}
        http = httpx.AsyncClient(base_url=api_url, headers=headers, timeout=TIMEOUT_SECONDS, verify=tls_context())
        return cls(http)

    async def call(self, method: str, path: str, body: object | None = None, **query: object) -> httpx.Response:
        """Send a request and return the response, whatever its status."""
        content = None if body is None else json.dumps(body)
        parameters = {name: str(value) for name, value in query.items()}
        return await self.http.request(method, path, content=content, params=parameters)

    async def get(self, path: str, **query: object) -> Any:
        """The body of a GET. Raises httpx.HTTPStatusError for a 4xx or 5xx status."""
        return self._read(await self.call("GET", path, **query))

    async def post(self, path: str, body: object | None = None) -> Any:
        """The body of a POST. Raises httpx.HTTPStatusError for a 4xx or 5xx status."""
        return self._read(await self.call("POST", path, body))

    async def put(self, path: str, body: object | None = None) -> Any:
        """The body of a PUT. Raises httpx.HTTPStatusError for a 4xx or 5xx status."""
        return self._read(await self.call("PUT", path, body))

    async def delete(self, path: str) -> None:
        """Send a DELETE. Raises httpx.HTTPStatusError for a 4xx or 5xx status."""
        self._read(await self.call("DELETE", path))

    @staticmethod
    def _read(response: httpx.Response) -> Any:
        response.raise_for_status()
        return response.json() if response.content else None


@dataclass
class Socket:
    """One connection: the frames that it received, with the `time.perf_counter()` of their arrival."""

    connection: ClientConnection
    frames: list[Frame] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    on_frame: Callable[[Frame], None] | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        websocket_url: str,
        ticket: str,
        *,
        on_frame: Callable[[Frame], None] | None = None,
        origin: str | None = None,
    ) -> Self:
        """Open a socket with a ticket, as a page of `origin` does. `on_frame` is called with each received frame.

        Raises websockets.exceptions.InvalidStatus if the handshake is refused.
        """
        connection = await connect(
            f"{websocket_url}?ticket={quote(ticket)}",
            open_timeout=TIMEOUT_SECONDS,
            origin=Origin(origin) if origin else None,
        )
        socket = cls(connection, on_frame=on_frame)
        socket._reader = asyncio.create_task(socket._read())
        return socket

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                async with self._changed:
                    self.frames.append(json.loads(text))
                    self.arrived.append(time.perf_counter())
                    if self.on_frame:
                        self.on_frame(self.frames[-1])
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        async with self._changed:
            self._changed.notify_all()

    @property
    def is_open(self) -> bool:
        """Whether the connection is open."""
        return self._reader is not None and not self._reader.done()

    async def pause_until_closed(self, seconds: float | None = None) -> None:
        """Return when the socket has closed, or after `seconds` while it is still open (None: no limit)."""
        if self._reader:
            await asyncio.wait({self._reader}, timeout=seconds)

    async def wait_until_closed(self) -> None:
        """Wait until the socket has closed. Raises AssertionError if it is still open at the tests' deadline."""
        await self.pause_until_closed(DEADLINE_SECONDS)
        if self.is_open:
            raise AssertionError(f"The socket is still open after {DEADLINE_SECONDS:g} s.")

    async def send_text(self, text: str) -> None:
        """Send a text frame unchanged; it need not be JSON."""
        await self.connection.send(text)

    async def send(self, **fields: object) -> None:
        """Send the fields as a JSON frame."""
        await self.send_text(json.dumps(fields))

    async def wait_for(
        self, matches: Callable[[Frame], bool], *, seconds: float | None = None, since: int = 0
    ) -> Frame:
        """The first matching frame from index `since` on; waits if none has arrived. Raises NoSuchFrameError."""
        seconds = TIMEOUT_SECONDS if seconds is None else seconds
        seen = since
        try:
            async with asyncio.timeout(seconds), self._changed:
                while True:
                    while seen < len(self.frames):
                        if matches(self.frames[seen]):
                            return self.frames[seen]
                        seen += 1
                    if not self.is_open:
                        raise NoSuchFrameError(
                            f"The socket closed without the expected frame. Received: {self._kinds()}."
                        )
                    await self._changed.wait()
        except TimeoutError:
            raise NoSuchFrameError(
                f"The expected frame did not arrive within {seconds:g} s. Received: {self._kinds()}."
            ) from None

    async def wait_for_type(self, kind: str, *, seconds: float | None = None, **fields: object) -> Frame:
        """The first frame of a type with these field values. Raises NoSuchFrameError."""
        return await self.wait_for(
            lambda frame: (
                frame.get("type") == kind and all(frame.get(name) == value for name, value in fields.items())
            ),
            seconds=seconds,
        )

    def of_type(self, kind: str, **fields: object) -> list[Frame]:
        """The received frames of a type with these field values."""
        return [
            frame
            for frame in self.frames
            if frame.get("type") == kind and all(frame.get(name) == value for name, value in fields.items())
        ]

    def _kinds(self) -> str:
        return ", ".join(str(frame.get("type")) for frame in self.frames[-20:]) or "nothing"

    async def close(self) -> None:
        """Close the socket with a closing handshake."""
        await self.connection.close()
        if self._reader:
            await self._reader

    def cut(self) -> None:
        """Abort the transport without a closing handshake, like a network failure."""
        self.connection.transport.abort()


@dataclass
class ChatClient:
    """A signed-in user with the REST API and any number of sockets."""

    api: Api
    websocket_url: str
    user: dict[str, Any]
    sockets: list[Socket] = field(default_factory=list)

    @classmethod
    async def sign_in(cls, *, api_url: str, websocket_url: str, id_token: str) -> Self:
        """A client for a user's ID token; the first call registers the user."""
        api = Api.open(api_url, id_token)
        return cls(api, websocket_url, await api.get("/me"))

    @property
    def user_id(self) -> str:
        """The user's id."""
        return str(self.user["userId"])

    async def ticket(self) -> str:
        """Get a new ticket."""
        return str((await self.api.post("/tickets"))["ticket"])

    async def open_socket(self) -> Socket:
        """Open another socket, with a new ticket."""
        socket = await Socket.open(self.websocket_url, await self.ticket())
        self.sockets.append(socket)
        return socket

    async def send_message(
        self,
        text: str,
        *,
        channel_id: str = "general",
        client_message_id: str | None = None,
        socket: Socket | None = None,
    ) -> Frame:
        """Send a message on `socket` (default: the first one). Returns its frame `ack` or `error`."""
        via = socket or self.sockets[0]
        client_message_id = client_message_id or str(uuid4())
        since = len(via.frames)
        await via.send(action="sendMessage", clientMessageId=client_message_id, channelId=channel_id, text=text)
        return await via.wait_for(
            lambda frame: (
                frame.get("type") in {"ack", "error"} and frame.get("clientMessageId") == client_message_id
            ),
            since=since,
        )

    async def close(self) -> None:
        """Close every socket and the API session."""
        for socket in self.sockets:
            await socket.close()
        await self.api.http.aclose()


@asynccontextmanager
async def open_client(*, api_url: str, websocket_url: str, id_token: str) -> AsyncIterator[ChatClient]:
    """Sign in and open one socket; close both when the block ends."""
    client = await ChatClient.sign_in(api_url=api_url, websocket_url=websocket_url, id_token=id_token)
    try:
        await client.open_socket()
        yield client
    finally:
        await client.close()
