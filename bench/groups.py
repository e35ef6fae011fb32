"""Groups of connected sockets that exchange messages: of Parley's members, or of the direct design's clients.

Both designs take the same frame, and post a `message` frame with its `clientMessageId`, so that both are measured
in the same way.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from ops.stage.stage import Stage
from tests.chat_client import ChatClient, Frame, Socket
from tests.local_stage import TestStage

TEXT = "The build is green again, I am going to deploy it after lunch."
"""A message of ordinary length."""
CONCURRENT_SIGN_INS = 6
POLL_SECONDS = 0.02
QUIET_SECONDS = 1.0
MAX_NOISE_SECONDS = 120.0


@dataclass
class Channel:
    """The sockets that a message is posted to; each may send."""

    channel_id: str
    sockets: Sequence[Socket]


@dataclass
class Group:
    """Channels of one design, with what was sent and received. Times are of `time.perf_counter`."""

    design: str
    channels: Sequence[Channel]
    sent: dict[str, float] = field(default_factory=dict)
    """When each message was sent, or was due by the load's schedule, by clientMessageId."""
    acked: dict[str, float] = field(default_factory=dict)
    """When each message was acknowledged; the direct design acknowledges nothing."""
    arrived: dict[str, list[float]] = field(default_factory=dict)
    """When each message arrived at its recipients."""
    message_ids: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    """How many messages were refused, by the code of the error."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for channel in self.channels:
            for socket in channel.sockets:
                socket.on_frame = self._received

    @property
    def recipients(self) -> int:
        """How many sockets a message is posted to."""
        return len(self.channels[0].sockets)

    @property
    def senders(self) -> int:
        """How many send messages in turn."""
        return len(self.channels) * self.recipients

    def _received(self, frame: Frame) -> None:
        key, now = str(frame.get("clientMessageId")), time.perf_counter()
        if frame.get("type") == "message":
            self.arrived.setdefault(key, []).append(now)
            self.message_ids[key] = str(frame.get("messageId"))
        elif frame.get("type") == "ack":
            self.acked[key] = now
            self._changed.set()
        elif key in self.sent and ("code" in frame or "message" in frame):
            self.refused[str(frame.get("code", frame.get("message")))] += 1

    async def send(self, number: int, *, due: float | None = None) -> str:
        """Send a message, without waiting for its ack: in the channels in turn, by their members in turn.

        Its latency counts from `due`, if the load has a schedule: a client that sends late must not hide a wait.
        """
        turn, index = divmod(number, len(self.channels))
        channel = self.channels[index]
        key = str(uuid4())
        self.sent[key] = time.perf_counter() if due is None else due
        await channel.sockets[turn % len(channel.sockets)].send(
            action="sendMessage", clientMessageId=key, channelId=channel.channel_id, text=TEXT
        )
        return key

    async def wait_for(self, keys: Collection[str], seconds: float) -> None:
        """Wait until messages have arrived at all their recipients, for at most `seconds`."""
        waiting = set(keys)
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            waiting = {key for key in waiting if len(self.arrived.get(key, ())) < self.recipients}
            if not waiting:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def wait_for_ack(self, key: str, seconds: float) -> None:
        """Wait until a message was acknowledged. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while key not in self.acked:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def parley_users(stage: Stage, count: int) -> AsyncIterator[list[ChatClient]]:
    """New users with one socket each, until the block ends."""
    test_stage = TestStage(stage, None)
    slots = asyncio.Semaphore(CONCURRENT_SIGN_INS)

    async def connect(stack: AsyncExitStack, number: int) -> ChatClient:
        async with slots:
            return await stack.enter_async_context(test_stage.connected_user(f"bench{number}"))

    async with AsyncExitStack() as stack:
        yield list(await asyncio.gather(*(connect(stack, number) for number in range(count))))


async def parley_group(users: Sequence[ChatClient], *, size: int) -> Group:
    """New channels of `size` of the users each. A new channel has the whole burst of each member's rate."""
    channels = []
    for first in range(0, len(users) - size + 1, size):
        members = users[first : first + size]
        owner, *others = members
        body = {"name": f"bench {uuid4().hex[:8]}", "kind": "public" if size > 60 else "private"}
        channel_id = str((await owner.api.post("/channels", body))["channelId"])
        for member in others:
            # Each joins a large channel by itself: an owner may change a hundred memberships at once.
            by = member if size > 60 else owner
            await by.api.put(f"/channels/{channel_id}/members/{member.user_id}")
        channels.append(Channel(channel_id, [member.sockets[0] for member in members]))
    # Each new member is announced to those before.
    await until_quiet([socket for channel in channels for socket in channel.sockets], QUIET_SECONDS)
    return Group("parley", channels)


async def until_quiet(sockets: Sequence[Socket], seconds: float) -> None:
    """Wait until no socket has received a frame for some seconds, at most MAX_NOISE_SECONDS."""
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < MAX_NOISE_SECONDS:
        if now - max([began, *(socket.arrived[-1] for socket in sockets if socket.arrived)]) > seconds:
            return
        await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def baseline_group(websocket_url: str, *, size: int) -> AsyncIterator[Group]:
    """Sockets of the direct design, which posts each message to all of them."""
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(size):
            socket = await Socket.open(websocket_url, "none")
            stack.push_async_callback(socket.close)
            sockets.append(socket)
        # Each new connection is announced to those before.
        await until_quiet(sockets, QUIET_SECONDS)
        yield Group("baseline", [Channel("bench", sockets)])
