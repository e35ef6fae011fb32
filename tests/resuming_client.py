"""A chat client that does not give up: it reconnects, catches up, and sends again, as the browser's does.

It connects first and then fetches what it missed, so that nothing falls between the two; it knows a message by its
seq and shows it once; a seq that was skipped is asked for. A message that is not acknowledged is sent again with
the same clientMessageId, until it is.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.exceptions import WebSocketException

from ops.chat_client import ChatClient, Frame, Socket

PAGE = 100
LONGEST_PAUSE_SECONDS = 2.0
ACK_SECONDS = 4.0
# A request and an opening may each take TIMEOUT_SECONDS to fail, several times over.
CONNECTED_SECONDS = 120.0
SEEN_SECONDS = 30.0
"""How long `wait_until` waits where the caller does not say."""
# A seq is assigned before its message is stored, and storing is tried again for half a minute.
ASK_AGAIN_SECONDS = (0.3, 1.0, 3.0, 10.0, 30.0)
NOT_NOW = frozenset({"RATE_LIMITED", "INTERNAL", "SESSION_EXPIRED"})


class RefusedError(Exception):
    """The server refuses a message for good; sending it again cannot help."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(f"{frame['code']}: {frame['message']}")
        self.code = str(frame["code"])


@dataclass
class Sending:
    """A message on its way out."""

    text: str
    first_sent: float
    answered: asyncio.Future[Frame] | None = None


@dataclass
class ResumingClient:
    """One person in one channel, with one socket at a time, whatever happens to it."""

    client: ChatClient
    channel_id: str
    rotate_after_seconds: float | None = None
    ping_every_seconds: float | None = None
    page: int = PAGE
    """How many messages are asked for at once."""
    view: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What is on the screen: messages by seq."""
    arrived: dict[str, float] = field(default_factory=dict)
    """When each message was first on the screen, by messageId, on the monotonic clock."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """messageId by clientMessageId."""
    sends: int = 0
    repeats: int = 0
    """Frames for what was on the screen already."""
    received: Counter[str] = field(default_factory=Counter)
    """How many frames came in over all of its sockets, by type."""
    connections: int = 0
    breaks: int = 0
    """How often the only socket ended by itself."""
    backfills: int = 0
    errors: list[str] = field(default_factory=list)
    _unacknowledged: dict[str, Sending] = field(default_factory=dict)
    _socket: Socket | None = None
    _complete_to: int = 0
    _holes: set[int] = field(default_factory=set)
    _asked_for: set[int] = field(default_factory=set)
    _asking: asyncio.Task[None] | None = None
    _life: asyncio.Task[None] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def online(
        cls,
        client: ChatClient,
        channel_id: str,
        *,
        rotate_after_seconds: float | None = None,
        ping_every_seconds: float | None = None,
        page: int = PAGE,
    ) -> AsyncIterator[Self]:
        """A client that is connected, and stays so until the block ends."""
        person = cls(
            client,
            channel_id,
            rotate_after_seconds=rotate_after_seconds,
            ping_every_seconds=ping_every_seconds,
            page=page,
        )
        person.start()
        try:
            await person.wait_until(lambda: person.is_connected, seconds=CONNECTED_SECONDS)
            yield person
        finally:
            await person.stop()

    def start(self) -> None:
        """Connect, and keep connected."""
        self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Disconnect and stay so; what is on the screen stays."""
        await _ended(self._life)
        self._life = None
        await _closed(self._socket)
        self._socket = None
        # Only now: a socket that closes still brings frames, which may show that something is missing.
        await _ended(self._asking)
        self._asking = None
        self._asked_for = set()

    @property
    def is_connected(self) -> bool:
        """Whether a socket is open."""
        return self._socket is not None and self._socket.is_open

    @property
    def has_everything(self) -> bool:
        """Whether no seq is missing below the latest."""
        return self._complete_to == max(self.view, default=0)

    @property
    def screen(self) -> list[tuple[int, str, str]]:
        """(seq, messageId, text) from top to bottom."""
        return [(seq, message["messageId"], message["text"]) for seq, message in sorted(self.view.items())]

    def cut(self) -> None:
        """Lose the network, now."""
        if self._socket is not None:
            self._socket.cut()

    async def say(self, text: str, *, client_message_id: str | None = None, cut_after_send: bool = False) -> str:
        """Send until it is acknowledged; the messageId. Raises RefusedError."""
        wanted = client_message_id or str(uuid4())
        sending = self._unacknowledged.setdefault(wanted, Sending(text, time.monotonic()))
        try:
            while True:
                sending.answered = asyncio.get_running_loop().create_future()
                await self._send(wanted, text)
                if cut_after_send:
                    cut_after_send = False
                    self.cut()
                try:
                    answer = await asyncio.wait_for(sending.answered, ACK_SECONDS)
                except TimeoutError:
                    continue
                if answer["type"] == "ack":
                    self.acknowledged[wanted] = str(answer["messageId"])
                    return self.acknowledged[wanted]
                self.errors.append(str(answer["code"]))
                if answer["code"] not in NOT_NOW:
                    raise RefusedError(answer)
                await asyncio.sleep(answer.get("retryAfterMs", 200) / 1000)
        finally:
            self._unacknowledged.pop(wanted, None)

    async def wait_until(self, holds: Callable[[], bool], *, seconds: float | None = None) -> None:
        """Wait for something that frames or a connection bring about. Raises TimeoutError."""
        async with asyncio.timeout(SEEN_SECONDS if seconds is None else seconds):
            while not holds():
                if self._life is not None and self._life.done():
                    self._life.result()
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.1)

    async def catch_up(self) -> None:
        """Fetch what came after the last message below which none is missing. Raises httpx.HTTPError."""
        after = self._complete_to
        while True:
            page = await self.client.api.get(f"/channels/{self.channel_id}/messages", after=after, limit=self.page)
            for message in page["items"]:
                self._show(message)
                after = message["seq"]
            if not page["hasMore"]:
                break
        self.backfills += 1
        self._advance()

    # --- the life of its sockets ---------------------------------------------------

    async def _live(self) -> None:
        failures = 0
        while True:
            before = self._socket
            try:
                socket = await Socket.open(
                    self.client.websocket_url, await self.client.ticket(), on_frame=self._hear
                )
                self._socket = socket
                self.connections += 1
                try:
                    await self.catch_up()
                finally:
                    # The old socket goes when the new one has taken over.
                    await _closed(before)
            except (httpx.HTTPError, WebSocketException, OSError, EOFError, TimeoutError) as failure:
                self.errors.append(type(failure).__name__)
                failures += 1
                await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE_SECONDS, 0.1 * 2**failures)))
                continue
            failures = 0
            self._send_again()
            self._changed.set()
            await self._until_it_ends(socket)

    async def _until_it_ends(self, socket: Socket) -> None:
        deadline = time.monotonic() + (self.rotate_after_seconds or float("inf"))
        while socket.is_open and (left := deadline - time.monotonic()) > 0:
            pause = min(left, self.ping_every_seconds or left)
            await socket.wait_closed(None if pause == float("inf") else pause)
            if self.ping_every_seconds:
                with contextlib.suppress(WebSocketException, OSError):
                    await socket.send(action="ping")
        if not socket.is_open:
            self.breaks += 1
            self._socket = None

    def _send_again(self) -> None:
        """Whoever waits for an ack waits for it on a socket that is gone."""
        for sending in self._unacknowledged.values():
            if sending.answered is not None and not sending.answered.done():
                sending.answered.set_exception(TimeoutError())

    async def _send(self, client_message_id: str, text: str) -> None:
        while True:
            await self.wait_until(lambda: self.is_connected, seconds=CONNECTED_SECONDS)
            socket = self._socket
            if socket is None:
                continue
            try:
                await socket.send(
                    action="sendMessage", clientMessageId=client_message_id, channelId=self.channel_id, text=text
                )
            except (WebSocketException, OSError):
                await asyncio.sleep(0.02)
                continue
            self.sends += 1
            return

    # --- what comes in ---------------------------------------------------------------

    def _hear(self, frame: Frame) -> None:
        self.received[str(frame.get("type"))] += 1
        match frame.get("type"):
            case "ack" | "error":
                sending = self._unacknowledged.get(str(frame.get("clientMessageId")))
                if sending is not None and sending.answered is not None and not sending.answered.done():
                    sending.answered.set_result(frame)
            case "message" if frame["channelId"] == self.channel_id:
                self._show(frame)
                self._advance()
                self._ask_for_what_is_missing()
        self._changed.set()

    def _show(self, message: dict[str, Any]) -> None:
        seq = int(message["seq"])
        if seq in self.view:
            self.repeats += 1
            return
        self.view[seq] = message
        self.arrived.setdefault(str(message["messageId"]), time.monotonic())

    def _advance(self) -> None:
        while self._complete_to + 1 in self.view:
            self._complete_to += 1

    def _ask_for_what_is_missing(self) -> None:
        """Ask for skipped seqs, anew where there are others than those that are asked for already."""
        if self._life is None or self._missing <= self._asked_for:
            return
        if self._asking is not None:
            self._asking.cancel()
        self._asked_for = self._missing
        self._asking = asyncio.create_task(self._keep_asking())

    async def _keep_asking(self) -> None:
        """A few times, ever more rarely; then it is a hole, which a later catch-up asks for again."""
        for pause in ASK_AGAIN_SECONDS:
            await asyncio.sleep(pause)
            if not self._missing:
                break
            with contextlib.suppress(httpx.HTTPError):
                await self.catch_up()
        self._holes |= self._missing
        self._asked_for = set()

    @property
    def _missing(self) -> set[int]:
        """Every seq below the latest that was neither seen nor asked for in vain."""
        return set(range(self._complete_to + 1, max(self.view, default=0))) - self.view.keys() - self._holes


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Cancel a task, if there is one, and wait until it has gone."""
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _closed(socket: Socket | None) -> None:
    """Close a socket, if there is one, whatever state it is in."""
    if socket is not None:
        with contextlib.suppress(WebSocketException, OSError):
            await socket.close()
