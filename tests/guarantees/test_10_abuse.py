"""A flood is slowed, a poisoned event is kept aside, a replay is seen by nobody; everyone else goes on."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.guarantees.crowd import crowd, private_channel, signed_in
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until, wait_until

PROMISE = 10
pytestmark = pytest.mark.anyio


async def test_a_flood_is_slowed_and_told_when_to_go_on(stage: TestStage, record: Record, is_long: bool):
    """A burst is allowed; the rest gets an error that says how long to wait, and then it is taken."""
    count = 300 if is_long else 60
    async with signed_in(stage, "flooder", "neighbour") as (flooder, neighbour):
        channel_id = await private_channel(flooder, neighbour)
        await flooder.open_socket()
        await neighbour.open_socket()
        flood = [
            asyncio.create_task(flooder.send_message(f"flood {number}", channel_id=channel_id))
            for number in range(count)
        ]
        calm = await neighbour.send_message("may I?", channel_id=channel_id)
        answers = await asyncio.gather(*flood)
        assert calm["type"] == "ack"
        refused = [answer for answer in answers if answer["type"] == "error"]
        assert refused
        assert {answer["code"] for answer in refused} == {"RATE_LIMITED"}
        assert all(answer["retryAfterMs"] > 0 for answer in refused)
        taken = {answer["messageId"] for answer in answers if answer["type"] == "ack"}
        assert len(taken) >= 20, "a burst of twenty is allowed"
        await asyncio.sleep(max(answer["retryAfterMs"] for answer in refused) / 1000)
        assert (await flooder.send_message("sorry", channel_id=channel_id))["type"] == "ack"
        for message_id in taken:
            await neighbour.sockets[0].wait_for_type("message", messageId=message_id)
    record.tried("messages at once from one person", count)
    record.note(f"flood of {count}: {len(taken)} taken, {len(refused)} told to wait")


def poisoned(channel_id: str) -> dict[str, Any]:
    """Details that no function of ours would publish."""
    good = {
        "messageId": str(uuid4()),
        "clientMessageId": str(uuid4()),
        "channelId": channel_id,
        "sender": {"userId": "u", "displayName": "U"},
        "text": "poison",
        "sentAt": "2026-11-24T09:30:00.000Z",
    }
    metadata = {"eventId": str(uuid4()), "occurredAt": good["sentAt"], "actor": "u", "correlationId": "c"}
    return {
        "no data": {"metadata": metadata},
        "no metadata": {"data": good},
        "no text": {"metadata": metadata, "data": {**good, "text": None}},
        "a number for an id": {"metadata": metadata, "data": {**good, "messageId": 7}},
        "a channel that is none": {"metadata": metadata, "data": {**good, "channelId": "no-such-channel"}},
        "an empty object": {},
    }


async def test_poisoned_events_are_kept_aside(stage: TestStage, record: Record):
    """Each ends in the dead-letter queue, whole; none takes a place in the order, or holds up what follows."""
    queue_url = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    queues, bus = stage.client("sqs"), stage.client("events")
    async with crowd(stage, 2) as people:
        marker = str(uuid4())
        details = poisoned(people.channel_id)
        for detail in details.values():
            entry = {
                "EventBusName": stage.output("Events", "EventBusName"),
                "Source": "parley",
                "DetailType": "MessageSent",
                "Detail": json.dumps({**detail, "marker": marker}),
            }
            await asyncio.to_thread(bus.put_events, Entries=[entry])
        for number in range(3):
            await people.say(people.people[number % 2], f"unharmed {number}")
        table = await people.check()
        assert [seq for seq, _, _ in table] == [1, 2, 3]
        kept = await asyncio.to_thread(take, queues, queue_url, marker, len(details))
        assert len(kept) == len(details)
        assert all("failure" in body for body in kept)
    record.tried("poisoned events", len(details))


def take(queues: Any, queue_url: str, marker: str, count: int) -> list[dict[str, Any]]:
    """The dead letters that carry the marker, removed; others are left."""
    found: list[dict[str, Any]] = []

    def look() -> bool:
        answer = queues.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=5
        )
        for message in answer.get("Messages", []):
            if marker in message["Body"]:
                found.append(json.loads(message["Body"]))
                queues.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= count

    wait_until(look, f"{count} letters were in the dead-letter queue")
    return found


async def test_a_replay_is_seen_by_nobody(stage: TestStage, record: Record):
    """All that was said is put on the bus again; no screen changes, no row, no frame."""
    bus, began = stage.client("events"), datetime.now(UTC)
    async with crowd(stage, 2) as people:
        for number in range(5):
            await people.say(people.people[number % 2], f"yesterday {number}")
        before = await people.check()
        frames = [frames_of(person) for person in people.people]
        assert all(heard["message"] >= 5 for heard in frames)
        archive = stage.output("Events", "ArchiveName")
        described = await asyncio.to_thread(bus.describe_archive, ArchiveName=archive)
        name = f"guarantee-{uuid4().hex[:12]}"
        bus_arn = described["EventSourceArn"]
        await asyncio.to_thread(
            bus.start_replay,
            ReplayName=name,
            EventSourceArn=described["ArchiveArn"],
            EventStartTime=began - timedelta(seconds=1),
            EventEndTime=datetime.now(UTC) + timedelta(minutes=1),
            Destination={"Arn": bus_arn},
        )
        queues, url = stage.client("sqs"), stage.output("Events", "ReplayQueueUrl")
        replayed = await asyncio.to_thread(drain, queues, url, people.channel_id, 5)
        assert replayed >= 5
        await until(lambda: asyncio.to_thread(is_over, bus, name), "the replay was over", every=0.2)
        # Said after the replay, and it takes the way that a replayed message would: the frames of one came before.
        behind = await people.say(people.people[0], "today")
        await people.everybody_sees(behind)
        expected = [heard + Counter(message=1, ack=int(place == 0)) for place, heard in enumerate(frames)]
        assert [frames_of(person) for person in people.people] == expected
        assert [row for row in await people.check() if row[1] != behind] == before
    record.tried("replayed events of the last minutes", replayed)


def frames_of(person: ResumingClient) -> Counter[str]:
    """How many frames somebody got, by type. Who is online is left out: people of earlier tests go offline."""
    return Counter({kind: count for kind, count in person.received.items() if kind != "presence"})


def is_over(bus: Any, name: str) -> bool:
    """Whether a replay has put all of its events on the bus."""
    return str(bus.describe_replay(ReplayName=name)["State"]) == "COMPLETED"


def drain(queues: Any, url: str, channel_id: str, count: int) -> int:
    """How many replayed messages of a channel reached the queue; all of it is removed."""
    found = 0

    def look() -> bool:
        nonlocal found
        answer = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            found += f'"{channel_id}"' in message["Body"] and '"MessageSent"' in message["Body"]
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found >= count

    wait_until(look, f"{count} replayed messages reached their queue", every=0)
    return found
