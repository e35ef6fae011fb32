"""People in a channel of their own, who do not give up; and the table to compare their screens with."""

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

from ops.chat_client import ChatClient
from ops.runs import dead_letters
from ops.runs.run_log import RunLog
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until

NOT_NOW = (429, 500, 502, 503, 504)
LAST_WORDS = 3
LOOKS_BEFORE_REDRIVE = 50
MOST_RUNS = 1_000
CLOCK_DIFFERENCE_MS = 60_000

Answer = TypeVar("Answer")


@dataclass
class Crowd:
    """A channel and who is in it; `sent` is when each message first left its sender."""

    stage: TestStage
    channel_id: str
    people: list[ResumingClient]
    sent: dict[str, float] = field(default_factory=dict)
    redriven: list[str] = field(default_factory=list)
    """Why a message that no run could store was kept for a redrive, for each that was put back."""
    last_words: set[str] = field(default_factory=set)
    """What `check` had said, for whoever missed something to notice."""
    began: float = field(default_factory=time.time)

    async def say(self, person: ResumingClient, text: str, **options: Any) -> str:
        """Send until acknowledged, and remember when it left."""
        at = time.monotonic()
        message_id = await person.say(text, **options)
        self.sent.setdefault(message_id, at)
        return message_id

    def table(self) -> list[tuple[int, str, str]]:
        """What is stored: (seq, messageId, text) in the order of seq, but for last words."""
        return [row for row in stored_messages(self.stage, self.channel_id) if row[1] not in self.last_words]

    async def everybody_sees(self, message_id: str) -> None:
        """Wait until a message is on every screen."""
        await self.people[0].wait_until(lambda: all(message_id in each.arrived for each in self.people))

    async def settle_storage(self) -> None:
        """Wait until all that was acknowledged is stored; what has come to the dead-letter queue is redriven."""
        looks = 0

        async def is_stored() -> bool:
            nonlocal looks
            looks += 1
            stored = {message_id for _, message_id, _ in await asyncio.to_thread(self.table)}
            missing = set(self.sent) - stored
            if missing and looks % LOOKS_BEFORE_REDRIVE == 0:
                await asyncio.to_thread(self._redrive, missing)
            return not missing

        await until(is_stored, f"the {len(self.sent)} messages acknowledged were stored or redriven")

    def _redrive(self, missing: set[str]) -> None:
        """What an operator does when the alarm of the dead-letter queue rings."""
        for letter in dead_letters.read(self.stage.stage, "delivery"):
            if letter.event.message_id in missing and dead_letters.redrive(self.stage.stage, letter).redriven:
                self.redriven.append(letter.reason)
            else:
                dead_letters.release(self.stage.stage, [letter])

    async def settle(self) -> None:
        """Wait until all that was acknowledged is stored, and on every screen.

        Nobody reloads a page for that: whoever missed something sees by the next word said that they did.
        """
        await self.settle_storage()
        for person in self.people:
            await person.wait_until(lambda person=person: person.is_connected)  # type: ignore[misc]
        for _ in range(LAST_WORDS):
            self.last_words.add(await self.people[0].say("that is all"))
            with contextlib.suppress(TimeoutError):
                await self._until_all_is_seen()
                return

    async def _until_all_is_seen(self) -> None:
        """Raises TimeoutError."""
        stored = {message_id for _, message_id, _ in await asyncio.to_thread(self.table)} | self.last_words
        await self.people[0].wait_until(lambda: all(stored <= person.arrived.keys() for person in self.people))

    async def until_runs_ended(self, count: int) -> None:
        """Wait until so many runs of the channel's messages have ended, those that stored nothing included.

        Their ends are counted in the workflow's log, so a run that is still on its way is waited for.
        """
        log, since_ms = RunLog(self.stage.stage), int(self.began * 1000) - CLOCK_DIFFERENCE_MS

        def ended() -> bool:
            runs = log.newest(
                since_ms=since_ms,
                until_ms=int(time.time() * 1000) + 1,
                limit=MOST_RUNS,
                wanted=lambda run: (
                    run.event.channel_id == self.channel_id and run.event.detail_type == "MessageSent"
                ),
            )
            return sum(run.ended_ms is not None for run in runs) >= count

        await until(partial(asyncio.to_thread, ended), f"{count} runs of the channel's messages had ended")

    async def check(self, record: Record | None = None) -> list[tuple[int, str, str]]:
        """Every screen equals the table: in order, no gap, none twice; every acknowledged message once.

        The table, without last words.
        """
        await self.settle()
        table = await asyncio.to_thread(self.table)
        ids = [message_id for _, message_id, _ in table]
        assert len(ids) == len(set(ids)), "a message is stored twice"
        assert set(self.sent) <= set(ids), "an acknowledged message is not stored"
        for person in self.people:
            screen = [row for row in person.screen if row[1] not in self.last_words]
            assert screen == table, difference(screen, table)
        if record is not None:
            record.delivered(self.delivery_seconds())
            for reason in self.redriven:
                record.note(f"kept in the dead-letter queue, and redriven: {reason}")
        return table

    def delivery_seconds(self) -> list[float]:
        """From each send to each screen."""
        return [
            person.arrived[message_id] - at
            for message_id, at in self.sent.items()
            for person in self.people
            if message_id in person.arrived
        ]


def difference(screen: Sequence[Any], table: Sequence[Any]) -> str:
    """What a screen lacks, or has too much of."""
    lacks, extra = [row for row in table if row not in screen], [row for row in screen if row not in table]
    return f"the screen lacks {lacks[:5]} ({len(lacks)}) and has besides {extra[:5]} ({len(extra)})"


def stored_messages(stage: TestStage, channel_id: str) -> list[tuple[int, str, str]]:
    """The rows of a channel's messages, strongly consistent."""
    table = stage.resource("dynamodb").Table(stage.output("Data", "MessagesTableName"))
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
            return [(int(row["seq"]), str(row["messageId"]), str(row["text"])) for row in rows]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@asynccontextmanager
async def signed_in(stage: TestStage, *names: str) -> AsyncIterator[list[ChatClient]]:
    """New users, without a socket."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in names:
            person = await asyncio.to_thread(stage.new_user, name)
            token = await asyncio.to_thread(stage.id_token, person)
            client = await insist(
                partial(
                    ChatClient.sign_in,
                    api_url=stage.api_url,
                    websocket_url=stage.websocket_url,
                    id_token=token,
                )
            )
            stack.push_async_callback(client.close)
            clients.append(client)
        yield clients


async def private_channel(owner: ChatClient, *others: ChatClient) -> str:
    """A new channel of these people; its id."""
    channel = {"name": f"guarantee {uuid4().hex[:8]}", "kind": "private"}
    made = await insist(partial(owner.api.post, "/channels", channel))
    for other in others:
        await insist(partial(owner.api.put, f"/channels/{made['channelId']}/members/{other.user_id}"))
    return str(made["channelId"])


async def insist(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What a request answers, asked again while the server says "not now", or nothing: the weather is for all."""
    refused: httpx.HTTPError | None = None

    async def attempt() -> tuple[Answer] | None:
        nonlocal refused
        try:
            return (await ask(),)
        except httpx.HTTPStatusError as refusal:
            if refusal.response.status_code not in NOT_NOW:
                raise
            refused = refusal
        except httpx.TransportError as fault:
            refused = fault
        return None

    try:
        answered = await until(attempt, "a request was taken", every=0.5)
    except AssertionError as late:
        raise late from refused
    assert answered is not None
    return answered[0]


@asynccontextmanager
async def crowd(stage: TestStage, size: int, **options: Any) -> AsyncIterator[Crowd]:
    """So many people online in a new channel, with the options of `ResumingClient.online`."""
    async with (
        signed_in(stage, *(f"guest{number}" for number in range(size))) as clients,
        AsyncExitStack() as stack,
    ):
        channel_id = await private_channel(*clients)
        people = [
            await stack.enter_async_context(ResumingClient.online(client, channel_id, **options))
            for client in clients
        ]
        yield Crowd(stage, channel_id, people)
