"""One order for everyone: by seq, whatever clocks say, however many speak at once, however events arrive."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.guarantees.crowd import Crowd, crowd
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage

PROMISE = 6
pytestmark = pytest.mark.anyio


async def test_many_at_the_same_moment(stage: TestStage, record: Record, is_long: bool):
    """Every message gets a place of its own, and all see the same order.

    A send repeated while its first run is on the way may cost a seq (docs/adr/0001): the order has a hole then.
    """
    each = 15 if is_long else 5
    async with crowd(stage, 5) as people:
        sends = [people.say(person, f"now {number}") for person in people.people for number in range(each)]
        await asyncio.gather(*sends)
        table = await people.check(record)
        seqs = [seq for seq, _, _ in table]
        assert len(seqs) == 5 * each
        assert seqs == sorted(set(seqs))
    record.tried("messages sent in the same moment", 5 * each)


async def test_events_late_and_twice(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """The bus promises neither: what arrives late finds its place, what arrives twice is dropped."""
    count = 60 if is_long else 20
    async with crowd(stage, 3) as people:
        late = {"where": "run", "what": "delay", "only": people.channel_id, "chance": 0.5, "seconds": 0.4}
        twice = {"where": "run", "what": "duplicate", "only": people.channel_id, "chance": 0.5, "seed": 1}
        with faults.of(late, twice):
            for start in range(0, count, 6):
                batch = range(start, min(start + 6, count))
                await asyncio.gather(*(people.say(people.people[n % 3], f"late {n}") for n in batch))
            await people.settle_storage()
            # Those that were started twice, too: none is left that could still store something.
            await people.until_runs_ended(count + faults.struck("duplicate"))
            struck = faults.struck()
        assert len(await people.check(record)) == count
    record.tried("events delivered late or twice", struck)


def event_of(people: Crowd, text: str, *, hours: int) -> dict[str, Any]:
    """A MessageSent as a function whose clock is so many hours off would publish it."""
    sender = people.people[0].client
    at = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    data = {
        "messageId": str(uuid4()),
        "clientMessageId": str(uuid4()),
        "channelId": people.channel_id,
        "sender": {"userId": sender.user_id, "displayName": sender.user["displayName"]},
        "text": text,
        "sentAt": at,
    }
    metadata = {
        "eventId": str(uuid4()),
        "occurredAt": at,
        "schemaVersion": 1,
        "actor": sender.user_id,
        "correlationId": "guarantees",
    }
    return {"metadata": metadata, "data": data}


async def test_clocks_that_are_hours_off(stage: TestStage, record: Record):
    """The same time on all, or hours apart: nothing is overwritten, and the order is that of storing."""
    bus, hours = stage.client("events"), (0, -5, 9, 0, -48, 24)
    async with crowd(stage, 2) as people:
        for number, off in enumerate(hours):
            event = event_of(people, f"clock {number}", hours=off)
            answer = await asyncio.to_thread(
                bus.put_events,
                Entries=[
                    {
                        "EventBusName": stage.output("Events", "EventBusName"),
                        "Source": "parley",
                        "DetailType": "MessageSent",
                        "Detail": json.dumps(event),
                    }
                ],
            )
            assert answer["FailedEntryCount"] == 0
            await people.everybody_sees(event["data"]["messageId"])
        table = await people.check()
        assert [text for _, _, text in table] == [f"clock {number}" for number in range(len(hours))]
    record.tried("clocks off by up to two days", len(hours))


@pytest.mark.thorough
async def test_the_same_event_a_hundred_times(stage: TestStage, record: Record):
    """On the bus again and again, side by side: one row, one place, one line on the screen."""
    async with crowd(stage, 2) as people:
        detail = json.dumps(event_of(people, "once", hours=0))
        entry = {
            "EventBusName": stage.output("Events", "EventBusName"),
            "Source": "parley",
            "DetailType": "MessageSent",
            "Detail": detail,
        }
        bus = stage.client("events")
        for _ in range(10):
            await asyncio.to_thread(bus.put_events, Entries=[entry] * 10)
        await people.people[0].wait_until(lambda: all(len(person.view) == 1 for person in people.people))
        await people.until_runs_ended(100)
        assert [text for _, _, text in await people.check()] == ["once"]
    record.tried("one event put on the bus again", 100)
