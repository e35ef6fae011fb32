"""All members see one order, by seq, with wrong clocks, concurrent messages and late or repeated events too."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.events import envelope, message_data, publish
from tests.guarantees.clients import ConnectedChannel, connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 6
pytestmark = pytest.mark.anyio


@pytest.mark.thorough
async def test_concurrent_messages_get_distinct_seqs(stage: TestStage, record: Record, is_long: bool):
    """Every concurrent message gets its own seq, and all clients see the same order.

    A send that is repeated during its first run may take a seq more, which leaves a hole (docs/adr/0001).
    """
    count = 15 if is_long else 5
    async with connected_channel(stage, 5) as channel:
        sends = [channel.send(client, f"now {number}") for client in channel.clients for number in range(count)]
        await asyncio.gather(*sends)
        table = await channel.check(record)
        seqs = [seq for seq, _, _ in table]
        assert len(seqs) == 5 * count
        assert seqs == sorted(set(seqs))
    record.tried("messages sent concurrently", 5 * count)


async def test_events_delivered_late_or_twice_are_stored_once(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """An event that arrives late is stored, and one that arrives twice is stored once; EventBridge may do both."""
    count = 60 if is_long else 20
    async with connected_channel(stage, 3) as channel:
        late = {"where": "run", "what": "delay", "only": channel.channel_id, "chance": 0.5, "seconds": 0.4}
        twice = {"where": "run", "what": "duplicate", "only": channel.channel_id, "chance": 0.5, "seed": 1}
        with faults.of(late, twice):
            for start in range(0, count, 6):
                batch = range(start, min(start + 6, count))
                await asyncio.gather(*(channel.send(channel.clients[n % 3], f"late {n}") for n in batch))
            await channel.wait_until_stored()
            # Including the duplicates, so that no run is left that could still store something.
            await channel.wait_until_runs_ended(count + faults.struck("duplicate"))
            struck = faults.struck()
        assert len(await channel.check(record)) == count
    record.tried("events delivered late or twice", struck)


def event_of(channel: ConnectedChannel, text: str, *, hours: int) -> dict[str, Any]:
    """The detail of a MessageSent from a function whose clock is `hours` fast, or slow if negative."""
    sender = channel.clients[0].chat_client
    at = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    data = message_data(
        channel.channel_id,
        sender={"userId": sender.user_id, "displayName": sender.user["displayName"]},
        text=text,
        sentAt=at,
    )
    return envelope(data, actor=sender.user_id, occurred_at=at)


async def test_the_order_does_not_depend_on_clocks(stage: TestStage, record: Record):
    """With clocks hours apart nothing is overwritten, and the order is that in which messages are stored."""
    hours = (0, -5, 9, 0, -48, 24)
    async with connected_channel(stage, 2) as channel:
        for number, off in enumerate(hours):
            event = event_of(channel, f"clock {number}", hours=off)
            await asyncio.to_thread(publish, stage, "MessageSent", event)
            await channel.wait_until_displayed(event["data"]["messageId"])
        table = await channel.check()
        assert [text for _, _, text in table] == [f"clock {number}" for number in range(len(hours))]
    record.tried("clocks off by up to two days", len(hours))


@pytest.mark.thorough
async def test_an_event_published_a_hundred_times_is_stored_once(stage: TestStage, record: Record):
    """A hundred copies of an event, published concurrently, lead to one row, one seq and one displayed message."""
    async with connected_channel(stage, 2) as channel:
        event = event_of(channel, "once", hours=0)
        for _ in range(10):
            await asyncio.to_thread(publish, stage, "MessageSent", *[event] * 10)
        await channel.clients[0].wait_until(lambda: all(len(client.view) == 1 for client in channel.clients))
        await channel.wait_until_runs_ended(100)
        assert [text for _, _, text in await channel.check()] == ["once"]
    record.tried("copies of one event published", 100)
