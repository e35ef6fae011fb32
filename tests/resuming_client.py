"""A chat client that reconnects, backfills and repeats unacknowledged sends, as the browser's client does.

It connects first and fetches missed messages afterwards, so that no message falls between the two. It identifies a
message by its seq and shows it once, and requests a seq that was skipped. A message without an ack is sent again
with the same clientMessageId until the ack arrives.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.exceptions import WebSocketException

from tests.chat_client import ChatClient, Frame, Socket

PAGE = 100
MAX_PAUSE_SECONDS = 2.0
ACK_SECONDS = 4.0
# A REST request and the opening of a socket may each take TIMEOUT_SECONDS to fail, several times in a row.
CONNECTED_SECONDS = 120.0
WAIT_SECONDS = 30.0
"""How long `wait_until` waits by default."""
# A seq is assigned before its message is stored, and the workflow tries to store it for two minutes and a half at
# most. The tests' faults end sooner; a message that is stored later is displayed when the client catches up.
REQUEST_PAUSES_SECONDS = (0.3, 1.0, 3.0, 10.0, 30.0)
RETRIED_CODES = frozenset({"RATE_LIMITED", "TOO_MANY_REFUSALS", "INTERNAL", "SESSION_EXPIRED"})


class RefusedError(Exception):
    """The server refused a message with an error that repeating the send does not change."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(f"{frame['code']}: {frame['message']}")
        self.code = str(frame["code"])


@dataclass
class PendingMessage:
    """A message that is not acknowledged yet."""

    text: str
    answer: asyncio.Future[Frame] | None = None
    socket: Socket | None = None
    """The socket on which it was sent last."""


@dataclass
class ResumingClient:
    """One user in one channel, with one socket at a time. It opens a new socket when the current one closes."""

    chat_client: ChatClient
    channel_id: str
    rotate_after_seconds: float | None = None
    ping_every_seconds: float | None = None
    page: int = PAGE
    """How many messages a page of the history has."""
    view: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The displayed messages, by seq."""
    displayed_at: dict[str, float] = field(default_factory=dict)
    """When each message was first displayed, by messageId, on the monotonic clock."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """messageId by clientMessageId."""
    sends: int = 0
    duplicate_frames: int = 0
    """How many messages arrived that were displayed already."""
    frames_received: Counter[str] = field(default_factory=Counter)
    """How many frames arrived over all sockets, by type."""
    refused: set[str] = field(default_factory=set)
    """The clientMessageIds that an error named."""
    connections: int = 0
    unexpected_closes: int = 0
    """How often the socket closed although this client had not closed it."""
    backfills: int = 0
    errors: list[str] = field(default_factory=list)
    _pending: dict[str, PendingMessage] = field(default_factory=dict)
    _rate_limited: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the one message that waits for the rate limit: all of them together would be refused again."""
    _socket: Socket | None = None
    _settled: int = 0
    _holes: set[int] = field(default_factory=set)
    _requested: set[int] = field(default_factory=set)
    _request_task: asyncio.Task[None] | None = None
    _connection_task: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def online(
        cls,
        chat_client: ChatClient,
        channel_id: str,
        *,
        rotate_after_seconds: float | None = None,
        ping_every_seconds: float | None = None,
        page: int = PAGE,
    ) -> AsyncIterator[Self]:
        """A client that has connected and caught up, and reconnects when it has to, until the block ends."""
        client = cls(
            chat_client,
            channel_id,
            rotate_after_seconds=rotate_after_seconds,
            ping_every_seconds=ping_every_seconds,
            page=page,
        )
        client.start()
        try:
            # A backfill that is under way could find messages whose frames a test lets get lost.
            await client.wait_until(
                lambda: client.is_connected and client.backfills > 0, seconds=CONNECTED_SECONDS
            )
            yield client
        finally:
            await client.stop()

    def start(self) -> None:
        """Connect, and reconnect after every close."""
        self._connection_task = asyncio.create_task(self._keep_connected())

    async def stop(self) -> None:
        """Disconnect until `start` is called. The displayed messages stay."""
        await _cancel(self._connection_task)
        self._connection_task = None
        await _close(self._socket)
        self._socket = None
        # After the socket has closed, because a closing socket still receives frames, which can reveal a missing
        # seq.
        await _cancel(self._request_task)
        self._request_task = None
        self._requested = set()

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open."""
        return self._socket is not None and self._socket.is_open

    @property
    def socket(self) -> Socket:
        """The open socket. Raises ConnectionError without one."""
        if self._socket is None:
            raise ConnectionError("no socket is open")
        return self._socket

    @property
    def has_no_gap(self) -> bool:
        """Whether every seq up to the latest is displayed."""
        return self._settled == max(self.view, default=0)

    @property
    def is_requesting(self) -> bool:
        """Whether it waits to request skipped messages, or requests them."""
        return self._request_task is not None and not self._request_task.done()

    @property
    def screen(self) -> list[tuple[int, str, str]]:
        """The displayed messages as (seq, messageId, text), in the order of seq."""
        return [(seq, message["messageId"], message["text"]) for seq, message in sorted(self.view.items())]

    def cut(self) -> None:
        """Abort the connection without a closing handshake, as a lost network does."""
        if self._socket is not None:
            self._socket.cut()

    async def send(self, text: str, *, client_message_id: str | None = None, cut_after_send: bool = False) -> str:
        """Send a message until it is acknowledged, and return its messageId. Raises RefusedError."""
        client_message_id = client_message_id or str(uuid4())
        pending = self._pending.setdefault(client_message_id, PendingMessage(text))
        try:
            async with AsyncExitStack() as stack:
                return await self._send_until_acknowledged(client_message_id, pending, stack, cut_after_send)
        finally:
            self._pending.pop(client_message_id, None)

    async def _send_until_acknowledged(
        self, client_message_id: str, pending: PendingMessage, stack: AsyncExitStack, cut_after_send: bool
    ) -> str:
        is_waiting = False
        while True:
            pending.answer = asyncio.get_running_loop().create_future()
            await self._send_frame(client_message_id, pending)
            if cut_after_send:
                cut_after_send = False
                self.cut()
            try:
                answer = await asyncio.wait_for(pending.answer, ACK_SECONDS)
            except TimeoutError:
                continue
            if answer["type"] == "ack":
                self.acknowledged[client_message_id] = str(answer["messageId"])
                return self.acknowledged[client_message_id]
            self.errors.append(str(answer["code"]))
            if answer["code"] not in RETRIED_CODES:
                raise RefusedError(answer)
            if answer["code"] == "RATE_LIMITED" and not is_waiting:
                await stack.enter_async_context(self._rate_limited)
                is_waiting = True
            await asyncio.sleep(answer.get("retryAfterMs", 200) / 1000)

    async def wait_until(self, condition: Callable[[], bool], *, seconds: float | None = None) -> None:
        """Wait until a condition on frames or the connection holds. Raises TimeoutError."""
        async with asyncio.timeout(WAIT_SECONDS if seconds is None else seconds):
            while not condition():
                if self._connection_task is not None and self._connection_task.done():
                    self._connection_task.result()
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.1)

    async def catch_up(self) -> None:
        """Fetch every message after the last seq below which none is missing. Raises httpx.HTTPError."""
        after = self._settled
        while True:
            page = await self.chat_client.api.get(
                f"/channels/{self.channel_id}/messages", after=after, limit=self.page
            )
            for message in page["items"]:
                self._show(message)
                after = message["seq"]
            if not page["hasMore"]:
                break
        self.backfills += 1
        self._advance()

    # --- connecting and sending ----------------------------------------------------

    async def _keep_connected(self) -> None:
        failures = 0
        while True:
            before = self._socket
            try:
                socket = await Socket.open(
                    self.chat_client.websocket_url, await self.chat_client.ticket(), on_frame=self._on_frame
                )
                self._socket = socket
                self.connections += 1
                try:
                    await self.catch_up()
                finally:
                    # The old socket is closed after the new one is in use.
                    await _close(before)
            except (httpx.HTTPError, WebSocketException, OSError, EOFError, TimeoutError) as failure:
                self.errors.append(type(failure).__name__)
                failures += 1
                await asyncio.sleep(random.uniform(0, min(MAX_PAUSE_SECONDS, 0.1 * 2**failures)))
                continue
            failures = 0
            self._repeat_pending()
            self._changed.set()
            await self._wait_until_closed(socket)

    async def _wait_until_closed(self, socket: Socket) -> None:
        deadline = time.monotonic() + (self.rotate_after_seconds or float("inf"))
        while socket.is_open and (left := deadline - time.monotonic()) > 0:
            pause = min(left, self.ping_every_seconds or left)
            await socket.pause_until_closed(None if pause == float("inf") else pause)
            if self.ping_every_seconds:
                with contextlib.suppress(WebSocketException, OSError):
                    await socket.send(action="ping")
        if not socket.is_open:
            self.unexpected_closes += 1
            self._socket = None

    def _repeat_pending(self) -> None:
        """Let the sends repeat whose acks were due on a closed socket.

        A message that was sent on the new one would be sent twice at the same time, and could leave a hole.
        """
        for pending in self._pending.values():
            is_due = pending.socket is not None and pending.socket is not self._socket
            if is_due and pending.answer is not None and not pending.answer.done():
                pending.answer.set_exception(TimeoutError())

    async def _send_frame(self, client_message_id: str, pending: PendingMessage) -> None:
        while True:
            await self.wait_until(lambda: self.is_connected, seconds=CONNECTED_SECONDS)
            socket = self._socket
            if socket is None:
                continue
            pending.socket = socket
            try:
                await socket.send(
                    action="sendMessage",
                    clientMessageId=client_message_id,
                    channelId=self.channel_id,
                    text=pending.text,
                )
            except (WebSocketException, OSError):
                await asyncio.sleep(0.02)
                continue
            self.sends += 1
            return

    # --- receiving -------------------------------------------------------------------

    def _on_frame(self, frame: Frame) -> None:
        self.frames_received[str(frame.get("type"))] += 1
        if frame.get("type") == "error":
            self.refused.add(str(frame.get("clientMessageId")))
        match frame.get("type"):
            case "ack" | "error":
                pending = self._pending.get(str(frame.get("clientMessageId")))
                if pending is not None and pending.answer is not None and not pending.answer.done():
                    pending.answer.set_result(frame)
            case "message" if frame["channelId"] == self.channel_id:
                self._show(frame)
                self._advance()
                self._request_missing()
            case "messageEdited" if frame["channelId"] == self.channel_id and int(frame["seq"]) in self.view:
                self.view[int(frame["seq"])] |= {"text": frame["text"]}
        self._changed.set()

    def _show(self, message: dict[str, Any]) -> None:
        seq = int(message["seq"])
        if seq in self.view:
            self.duplicate_frames += 1
            return
        self.view[seq] = message
        self.displayed_at.setdefault(str(message["messageId"]), time.monotonic())

    def _advance(self) -> None:
        while self._settled + 1 in self.view:
            self._settled += 1

    def _request_missing(self) -> None:
        """Request skipped seqs, unless all of them are being requested already."""
        if self._connection_task is None or self._missing <= self._requested:
            return
        if self._request_task is not None:
            self._request_task.cancel()
        self._requested = self._missing
        self._request_task = asyncio.create_task(self._request_until_complete())

    async def _request_until_complete(self) -> None:
        """Fetch missing messages after growing pauses. What is still missing then counts as a hole; `catch_up` may
        still fill it later.
        """
        for pause in REQUEST_PAUSES_SECONDS:
            await asyncio.sleep(pause)
            if not self._missing:
                break
            with contextlib.suppress(httpx.HTTPError):
                await self.catch_up()
        self._holes |= self._missing
        self._requested = set()

    @property
    def _missing(self) -> set[int]:
        """Every seq below the latest that is not displayed and does not count as a hole."""
        return set(range(self._settled + 1, max(self.view, default=0))) - self.view.keys() - self._holes


async def _cancel(task: asyncio.Task[None] | None) -> None:
    """Cancel a task, if there is one, and wait until it has ended."""
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _close(socket: Socket | None) -> None:
    """Close a socket, if there is one, in any state."""
    if socket is not None:
        with contextlib.suppress(WebSocketException, OSError):
            await socket.close()
