"""Whoever was away sees on return every message, in order, none twice."""

import asyncio

import pytest

from ops.runs import dead_letters
from tests.guarantees.crowd import crowd
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_SECONDS, until, wait_until

PROMISE = 2
pytestmark = pytest.mark.anyio


PAGE = 10
ASKED_IN_VAIN = 3


async def test_messages_of_an_absence(stage: TestStage, record: Record, is_long: bool):
    """Away while others write more than a page. Nobody needs to speak for the absent one to have it all."""
    count = 120 if is_long else 30
    async with crowd(stage, 4, page=PAGE) as people:
        away, *others = people.people
        await people.say(away, "back in a moment")
        await away.stop()
        await asyncio.gather(*(people.say(others[number % 3], f"meanwhile {number}") for number in range(count)))
        await people.settle_storage()
        away.start()
        await away.wait_until(lambda: people.sent.keys() <= away.arrived.keys())
        assert len(await people.check(record)) == count + 1
    record.tried("messages while away, and silence on return", count)


async def test_messages_that_go_on_during_the_return(stage: TestStage, record: Record, is_long: bool):
    """Others write while somebody is away, and while they catch up."""
    count = 120 if is_long else 30
    async with crowd(stage, 4, page=PAGE) as people:
        away, *others = people.people
        await away.stop()
        await asyncio.gather(*(people.say(others[number % 3], f"meanwhile {number}") for number in range(count)))
        away.start()
        await asyncio.gather(*(people.say(other, "and on it goes") for other in others))
        assert len(await people.check(record)) == count + 3
    record.tried("messages while away", count)


async def test_frames_that_never_came(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Frames lost on their way leave a gap on an open socket; the next message shows it, and it is fetched."""
    rounds = 5 if is_long else 1
    async with crowd(stage, 3) as people:
        for _ in range(rounds):
            with faults.of({"where": "request", "what": "ignored", "only": "/@connections/", "times": 3}):
                unheard = await people.say(people.people[0], "unheard")
                await asyncio.to_thread(faults.wait_until_struck, 3)
            assert not any(unheard in person.arrived for person in people.people)
            await people.everybody_sees(await people.say(people.people[1], "heard"))
            await people.people[0].wait_until(lambda: all(each.has_everything for each in people.people))
        await people.check(record)
    record.tried("frames lost on their way, a gap on an open socket", rounds)


@pytest.mark.thorough
async def test_posts_that_failed_for_good(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """After every retry they are kept for a redrive, and what they leave is a gap like any other."""
    rounds = 5 if is_long else 1
    async with crowd(stage, 3) as people:
        for _ in range(rounds):
            with faults.of({"where": "request", "what": "error", "only": "/@connections/"}):
                unheard = await people.say(people.people[0], "unheard")
                await asyncio.to_thread(wait_until_given_up, stage, unheard)
            assert not any(unheard in person.arrived for person in people.people)
            await people.everybody_sees(await people.say(people.people[1], "heard"))
            await people.people[0].wait_until(lambda: all(each.has_everything for each in people.people))
        await people.check(record)
    record.tried("posts that failed after every retry, a gap on an open socket", rounds)


@pytest.mark.thorough
async def test_a_message_stored_after_the_next_one(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Its place was skipped, asked for in vain, and its posts failed: it is asked for again when it is there."""
    rounds = 3 if is_long else 1
    async with crowd(stage, 3) as people:
        for _ in range(rounds):
            slow = {
                "where": "task",
                "what": "hang",
                "only": "PersistOnce",
                "times": 1,
                "seconds": DEADLINE_SECONDS,
            }
            with faults.of(slow):
                late = await people.say(people.people[0], "late")
                await asyncio.to_thread(faults.wait_until_struck)
                asked = [person.backfills for person in people.people]
                await people.everybody_sees(await people.say(people.people[1], "prompt"))
                for person, before in zip(people.people, asked, strict=True):
                    await until(lambda: person.backfills >= before + ASKED_IN_VAIN, "they had asked in vain")  # noqa: B023
                # The hanging task goes on as its rule is replaced: the message is stored, and posted to nobody.
                faults.change({"where": "request", "what": "error", "only": "/@connections/"})
                await asyncio.to_thread(wait_until_given_up, stage, late)
            await people.people[0].wait_until(lambda: all(each.has_everything for each in people.people))
        await people.check(record)
    record.tried("messages stored after the next one, whose posts failed", rounds)


def wait_until_given_up(stage: TestStage, message_id: str) -> None:
    """Wait until a message's posts have failed after every retry, and it is kept for a redrive."""

    def is_kept() -> bool:
        found = dead_letters.read(stage.stage, "delivery")
        dead_letters.release(stage.stage, found)
        return any(letter.event.message_id == message_id for letter in found)

    wait_until(is_kept, f"{message_id} was in the dead-letter queue", every=0.2)


ERRORS = {
    "DynamoDB throttles": {"where": "request", "what": "throttle", "only": "DynamoDB_20120810", "chance": 0.2},
    "DynamoDB fails (5xx)": {"where": "request", "what": "error", "only": "DynamoDB_20120810", "chance": 0.1},
    "@connections throttles (429)": {
        "where": "request",
        "what": "throttle",
        "only": "/@connections/",
        "chance": 0.3,
    },
    "@connections fails (5xx)": {"where": "request", "what": "error", "only": "/@connections/", "chance": 0.3},
    "@connections is slow": {
        "where": "request",
        "what": "hang",
        "only": "/@connections/",
        "chance": 0.2,
        "seconds": 1,
    },
    "the workflow's tasks throttled": {"where": "task", "what": "throttle", "chance": 0.1},
    "the workflow's tasks done, their answer lost": {"where": "task", "what": "lost", "chance": 0.1},
    "the workflow died between states and began again": {"where": "task", "what": "crash", "chance": 0.15},
    "post_to_connections timed out": {"where": "function", "what": "timeout", "only": "PostTo", "chance": 0.2},
}


@pytest.mark.thorough
async def test_errors_inside(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Retried, redone or made up for: every acknowledged message is stored once and on every screen."""
    count = 30 if is_long else 5
    for name, rule in ERRORS.items():
        async with crowd(stage, 3) as people:
            with faults.of({"seconds": 0.2, **rule, "seed": 7}):
                await asyncio.gather(
                    *(people.say(people.people[number % 3], f"{name} {number}") for number in range(count))
                )
                await people.settle_storage()
                struck = faults.struck()
            await people.check(record)
        record.tried(name, struck)


async def test_rows_of_connections_that_are_long_gone(stage: TestStage, record: Record, is_long: bool):
    """Stale rows stop nobody, and are gone after the message that found them so."""
    count = 200 if is_long else 30
    async with crowd(stage, 2) as people:
        subscriptions = stage.resource("dynamodb").Table(stage.output("Data", "SubscriptionsTableName"))
        with subscriptions.batch_writer() as batch:
            for number in range(count):
                batch.put_item(
                    Item={
                        "channelId": people.channel_id,
                        "connectionId": f"stale{number}=",
                        "userId": people.people[0].client.user_id,
                        "expiresAt": 4102444800,
                    }
                )

        def stale() -> int:
            rows = subscriptions.query(
                KeyConditionExpression="channelId = :channelId",
                ExpressionAttributeValues={":channelId": people.channel_id},
                ConsistentRead=True,
            )["Items"]
            return sum(str(row["connectionId"]).startswith("stale") for row in rows)

        assert await asyncio.to_thread(stale) == count
        await people.say(people.people[0], "is anybody there?")
        await people.check(record)
        await until(lambda: asyncio.to_thread(lambda: stale() == 0), "every stale row was gone")
    record.tried("stale connection rows, found and forgotten", count)
