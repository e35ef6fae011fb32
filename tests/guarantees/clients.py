"""Clients that reconnect and retry, each group in its own channel, and the stored rows to compare with."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from functions.chat.rate import REFUSED_FRAMES, TICKETS
from ops.events.texts import Texts
from ops.runs import dead_letters
from ops.runs.run_log import RunLog
from tests.chat_client import ChatClient
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until

RETRIED_STATUSES = (429, 500, 502, 503, 504)
MAX_SENTINELS = 3
POLLS_BEFORE_REDRIVE = 50
MAX_RUNS = 1_000
MAX_CLOCK_DIFFERENCE_MS = 60_000

Answer = TypeVar("Answer")


@dataclass
class ConnectedChannel:
    """A channel and its connected clients."""

    stage: TestStage
    channel_id: str
    clients: list[ResumingClient]
    sent: dict[str, float] = field(default_factory=dict)
    """When each acknowledged message was first sent, by messageId, on the monotonic clock."""
    redriven: list[str] = field(default_factory=list)
    """The reason of each dead letter that was redriven, because no run had stored its message."""
    sentinel_ids: set[str] = field(default_factory=set)
    """The messages that `wait_until_delivered` sent to reveal a gap."""
    began: float = field(default_factory=time.time)

    async def send(self, client: ResumingClient, text: str, **options: Any) -> str:
        """Send a message until it is acknowledged, record the time of the first send, and return its messageId."""
        at = time.monotonic()
        message_id = await client.send(text, **options)
        self.sent.setdefault(message_id, at)
        return message_id

    def stored(self) -> list[tuple[int, str, str]]:
        """The stored messages as (seq, messageId, text), in the order of seq, without sentinels."""
        return [row for row in stored_messages(self.stage, self.channel_id) if row[1] not in self.sentinel_ids]

    async def wait_until_displayed(self, message_id: str) -> None:
        """Wait until every client displays a message."""
        await self.clients[0].wait_until(lambda: all(message_id in client.displayed_at for client in self.clients))

    async def wait_until_stored(self) -> None:
        """Wait until every acknowledged message is stored. Redrives dead letters of those that are missing."""
        polls = 0

        async def is_stored() -> bool:
            nonlocal polls
            polls += 1
            stored = {message_id for _, message_id, _ in await asyncio.to_thread(self.stored)}
            missing = set(self.sent) - stored
            if missing and polls % POLLS_BEFORE_REDRIVE == 0:
                await asyncio.to_thread(self._redrive, missing)
            return not missing

        await until(is_stored, f"the {len(self.sent)} acknowledged messages were stored or redriven")

    def _redrive(self, missing: set[str]) -> None:
        """Redrive the dead letters of missing messages, as an operator does after the alarm."""
        for letter in dead_letters.read(self.stage.stage, "delivery"):
            if letter.event.message_id in missing and dead_letters.redrive(self.stage.stage, letter).redriven:
                self.redriven.append(letter.reason)
            else:
                dead_letters.release(self.stage.stage, [letter])

    async def wait_until_delivered(self) -> None:
        """Wait until every acknowledged message is stored, and displayed by every client.

        No client reloads the history for that. A client whose frames were lost sees the gap when the next message
        arrives, so a sentinel message is sent.
        """
        await self.wait_until_stored()
        for client in self.clients:
            await client.wait_until(lambda client=client: client.is_connected)  # type: ignore[misc]
        for _ in range(MAX_SENTINELS):
            self.sentinel_ids.add(await self.clients[0].send("sentinel"))
            with contextlib.suppress(TimeoutError):
                await self._wait_until_all_displayed()
                return

    async def _wait_until_all_displayed(self) -> None:
        """Wait until every client displays all stored messages and sentinels. Raises TimeoutError."""
        stored = {message_id for _, message_id, _ in await asyncio.to_thread(self.stored)} | self.sentinel_ids
        await self.clients[0].wait_until(
            lambda: all(stored <= client.displayed_at.keys() for client in self.clients)
        )

    async def wait_until_runs_ended(self, count: int) -> None:
        """Wait until `count` runs of the channel's messages have ended, including runs that stored nothing.

        The ends are counted in the workflow's log.
        """
        log, since_ms = RunLog(self.stage.stage), int(self.began * 1000) - MAX_CLOCK_DIFFERENCE_MS

        def ended() -> bool:
            runs = log.newest(
                since_ms=since_ms,
                until_ms=int(time.time() * 1000) + 1,
                limit=MAX_RUNS,
                matches=lambda run: (
                    run.event.channel_id == self.channel_id and run.event.detail_type == "MessageSent"
                ),
            )
            return sum(run.ended_ms is not None for run in runs) >= count

        await until(partial(asyncio.to_thread, ended), f"{count} runs of the channel's messages had ended")

    async def check(self, record: Record | None = None) -> list[tuple[int, str, str]]:
        """Check that every client displays exactly the stored messages, in order, and each acknowledged one once.

        Returns the stored messages without sentinels.
        """
        await self.wait_until_delivered()
        stored = await asyncio.to_thread(self.stored)
        ids = [message_id for _, message_id, _ in stored]
        assert len(ids) == len(set(ids)), "a message is stored twice"
        assert set(self.sent) <= set(ids), "an acknowledged message is not stored"
        for client in self.clients:
            displayed = [row for row in client.screen if row[1] not in self.sentinel_ids]
            assert displayed == stored, difference(displayed, stored)
        if record is not None:
            record.delivered(self.delivery_seconds())
            for reason in self.redriven:
                record.note(f"dead letter redriven: {reason}")
        return stored

    def delivery_seconds(self) -> list[float]:
        """The time from the first send of each message to its display by each client."""
        return [
            client.displayed_at[message_id] - at
            for message_id, at in self.sent.items()
            for client in self.clients
            if message_id in client.displayed_at
        ]


def difference(displayed: Sequence[Any], stored: Sequence[Any]) -> str:
    """Which stored messages a client does not display, and which it displays that are not stored."""
    missing = [row for row in stored if row not in displayed]
    extra = [row for row in displayed if row not in stored]
    return f"not displayed: {missing[:5]} ({len(missing)}); displayed, not stored: {extra[:5]} ({len(extra)})"


def stored_messages(stage: TestStage, channel_id: str) -> list[tuple[int, str, str]]:
    """A channel's stored messages as (seq, messageId, text), read strongly consistent, in the order of seq."""
    table = stage.table("Messages")
    texts = Texts(stage.stage)
    rows: list[Any] = []
    start: dict[str, Any] = {}
    while True:
        page = table.query(
            KeyConditionExpression="channelId = :channelId",
            ExpressionAttributeValues={":channelId": channel_id},
            ConsistentRead=True,
            **start,
        )
        rows += page["Items"]
        if "LastEvaluatedKey" not in page:
            return [(int(row["seq"]), str(row["messageId"]), _opened(texts, row)) for row in rows]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _opened(texts: Texts, row: Any) -> str:
    return texts.open(str(row["text"]), str(row["senderId"]), str(row["messageId"]))


def reset_rates(stage: TestStage, user_id: str) -> None:
    """Delete what a user has used of the limits per user, so that a test need not wait for the cool-down."""
    table = stage.table("Rates")
    for limit in (REFUSED_FRAMES, TICKETS):
        table.delete_item(Key={"userId": user_id, "limitName": limit.name})


@asynccontextmanager
async def signed_in_users(stage: TestStage, *names: str) -> AsyncIterator[list[ChatClient]]:
    """A client without a socket for each of these new users, until the block ends."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in names:
            user = await asyncio.to_thread(stage.new_user, name)
            client = await retry_request(partial(stage.sign_in, user))
            stack.push_async_callback(client.close)
            clients.append(client)
        yield clients


async def create_private_channel(owner: ChatClient, *others: ChatClient) -> str:
    """Create a private channel with these members, and return its id."""
    body = {"name": f"guarantee {uuid4().hex[:8]}", "kind": "private"}
    channel = await retry_request(partial(owner.api.post, "/channels", body))
    for other in others:
        await retry_request(partial(owner.api.put, f"/channels/{channel['channelId']}/members/{other.user_id}"))
    return str(channel["channelId"])


async def retry_request(request: Callable[[], Awaitable[Answer]]) -> Answer:
    """Repeat a REST request until it is answered with anything but 429 or 5xx, and return its result.

    Injected faults affect set-up requests too. Raises httpx.HTTPStatusError for another refusal, and
    AssertionError at the deadline.
    """
    last_error: httpx.HTTPError | None = None

    async def attempt() -> tuple[Answer] | None:
        nonlocal last_error
        try:
            return (await request(),)
        except httpx.HTTPStatusError as refusal:
            if refusal.response.status_code not in RETRIED_STATUSES:
                raise
            last_error = refusal
        except httpx.TransportError as fault:
            last_error = fault
        return None

    try:
        answered = await until(attempt, "a request was answered", every=0.5)
    except AssertionError as late:
        raise late from last_error
    assert answered is not None
    return answered[0]


@asynccontextmanager
async def connected_channel(stage: TestStage, size: int, **options: Any) -> AsyncIterator[ConnectedChannel]:
    """A new channel with `size` connected clients. Options: those of `ResumingClient.online`."""
    async with (
        signed_in_users(stage, *(f"guest{number}" for number in range(size))) as users,
        AsyncExitStack() as stack,
    ):
        channel_id = await create_private_channel(*users)
        clients = [
            await stack.enter_async_context(ResumingClient.online(user, channel_id, **options)) for user in users
        ]
        yield ConnectedChannel(stage, channel_id, clients)
