"""A chat client without a screen. It speaks only the public contract, so it serves any stage.

Tests, measurements and operators share it; the browser has its own.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

Frame = dict[str, Any]
TIMEOUT_SECONDS = 20.0
"""How long a request, an opening socket, or a frame is waited for, where the caller does not say."""


class NoSuchFrameError(AssertionError):
    """The frame that was waited for did not come in time; says what came instead."""


@dataclass
class Api:
    """The REST API as one user."""

    http: httpx.AsyncClient

    @classmethod
    def open(cls, api_url: str, id_token: str) -> Self:
        """A session for a user's ID token."""
        headers = {"Authorization": id_token}
        return cls(httpx.AsyncClient(base_url=api_url, headers=headers, timeout=TIMEOUT_SECONDS))

    async def call(self, method: str, path: str, body: object | None = None, **query: object) -> httpx.Response:
        """One request, whatever comes of it."""
        content = None if body is None else json.dumps(body)
        parameters = {name: str(value) for name, value in query.items()}
        return await self.http.request(method, path, content=content, params=parameters)

    async def get(self, path: str, **query: object) -> Any:
        """The body of a GET. Raises httpx.HTTPStatusError for a refusal."""
        return self._read(await self.call("GET", path, **query))

    async def post(self, path: str, body: object | None = None) -> Any:
        """The body of a POST. Raises httpx.HTTPStatusError for a refusal."""
        return self._read(await self.call("POST", path, body))

    async def put(self, path: str, body: object | None = None) -> Any:
        """The body of a PUT. Raises httpx.HTTPStatusError for a refusal."""
        return self._read(await self.call("PUT", path, body))

    async def delete(self, path: str) -> None:
        """A DELETE. Raises httpx.HTTPStatusError for a refusal."""
        self._read(await self.call("DELETE", path))

    @staticmethod
    def _read(response: httpx.Response) -> Any:
        response.raise_for_status()
        return response.json() if response.content else None


@dataclass
class Socket:
    """One connection: everything that came in, with the time of its coming."""

    connection: ClientConnection
    frames: list[Frame] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    heard: Callable[[Frame], None] | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        websocket_url: str,
        ticket: str,
        *,
        heard: Callable[[Frame], None] | None = None,
        origin: str | None = None,
    ) -> Self:
        """Open a socket with a ticket, as a page of an origin does; `heard` is told of each frame as it comes.

        Raises websockets' InvalidStatus where it is refused.
        """
        connection = await connect(
            f"{websocket_url}?ticket={quote(ticket)}",
            open_timeout=TIMEOUT_SECONDS,
            origin=Origin(origin) if origin else None,
        )
        socket = cls(connection, heard=heard)
        socket._reader = asyncio.create_task(socket._read())
        return socket

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                async with self._news:
                    self.frames.append(json.loads(text))
                    self.arrived.append(time.perf_counter())
                    if self.heard:
                        self.heard(self.frames[-1])
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        async with self._news:
            self._news.notify_all()

    @property
    def is_open(self) -> bool:
        """Whether frames can still come and go."""
        return self._reader is not None and not self._reader.done()

    async def wait_closed(self, seconds: float | None = None) -> None:
        """Wait until the socket has closed, or for so long."""
        if self._reader:
            await asyncio.wait({self._reader}, timeout=seconds)

    async def send_text(self, text: str) -> None:
        """Send a frame's text as it is."""
        await self.connection.send(text)

    async def send(self, **fields: object) -> None:
        """Send a frame."""
        await self.send_text(json.dumps(fields))

    async def wait_for(
        self, matches: Callable[[Frame], bool], *, seconds: float | None = None, since: int = 0
    ) -> Frame:
        """The first frame that matches, come already or yet to come. Raises NoSuchFrameError."""
        seconds = TIMEOUT_SECONDS if seconds is None else seconds
        seen = since
        try:
            async with asyncio.timeout(seconds), self._news:
                while True:
                    while seen < len(self.frames):
                        if matches(self.frames[seen]):
                            return self.frames[seen]
                        seen += 1
                    if not self.is_open:
                        raise NoSuchFrameError(f"the socket closed; it had got {self._kinds()}")
                    await self._news.wait()
        except TimeoutError:
            raise NoSuchFrameError(f"no such frame in {seconds:g} s; got {self._kinds()}") from None

    async def wait_for_type(self, kind: str, *, seconds: float | None = None, **fields: object) -> Frame:
        """The first frame of a type whose fields have these values. Raises NoSuchFrameError."""
        return await self.wait_for(
            lambda frame: (
                frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items())
            ),
            seconds=seconds,
        )

    def of_type(self, kind: str, **fields: object) -> list[Frame]:
        """The frames of a type that came so far."""
        return [
            frame
            for frame in self.frames
            if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items())
        ]

    def _kinds(self) -> str:
        return ", ".join(str(frame.get("type")) for frame in self.frames[-20:]) or "nothing"

    async def close(self) -> None:
        """Close as a browser does."""
        await self.connection.close()
        if self._reader:
            await self._reader

    def cut(self) -> None:
        """End the transport without a word, as a network does."""
        self.connection.transport.abort()


@dataclass
class ChatClient:
    """One user: the REST API and any number of sockets."""

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
        """A fresh ticket."""
        return str((await self.api.post("/tickets"))["ticket"])

    async def open_socket(self) -> Socket:
        """One more connection."""
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
        """Send a message and wait for its ack, or the error in its place."""
        via = socket or self.sockets[0]
        wanted = client_message_id or str(uuid4())
        since = len(via.frames)
        await via.send(action="sendMessage", clientMessageId=wanted, channelId=channel_id, text=text)
        return await via.wait_for(
            lambda frame: frame["type"] in {"ack", "error"} and frame.get("clientMessageId") == wanted, since=since
        )

    async def close(self) -> None:
        """Close every socket and the API session."""
        for socket in self.sockets:
            await socket.close()
        await self.api.http.aclose()


@asynccontextmanager
async def chatting(*, api_url: str, websocket_url: str, id_token: str) -> AsyncIterator[ChatClient]:
    """A client with one open socket, closed at the end."""
    client = await ChatClient.sign_in(api_url=api_url, websocket_url=websocket_url, id_token=id_token)
    try:
        await client.open_socket()
        yield client
    finally:
        await client.close()
