"""A client that was disconnected, or whose frames were lost, gets every message, in order, none twice."""

import asyncio
from uuid import uuid4

import pytest

from ops.runs import dead_letters
from tests.guarantees.clients import connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import until, wait_until

PROMISE = 2
pytestmark = pytest.mark.anyio

PAGE = 10
LOST = "a text whose frames are lost"
SLOW = "a text that the slow client has no room for"
FAILED_BACKFILLS = 3


async def test_messages_sent_during_an_absence_arrive_on_return(stage: TestStage, record: Record, is_long: bool):
    """A client that missed more than a page fetches it on return, without a further message in the channel."""
    count = 120 if is_long else 30
    async with connected_channel(stage, 4, page=PAGE) as channel:
        away, *others = channel.clients
        await channel.send(away, "back in a moment")
        await away.stop()
        await asyncio.gather(*(channel.send(others[number % 3], f"meanwhile {number}") for number in range(count)))
        await channel.wait_until_stored()
        away.start()
        await away.wait_until(lambda: channel.sent.keys() <= away.displayed_at.keys())
        assert len(await channel.check(record)) == count + 1
    record.tried("messages sent during an absence, and none on return", count)


@pytest.mark.thorough
async def test_messages_sent_during_the_return_arrive(stage: TestStage, record: Record, is_long: bool):
    """Messages that others send while a client is away, and while it catches up, all arrive."""
    count = 120 if is_long else 30
    async with connected_channel(stage, 4, page=PAGE) as channel:
        away, *others = channel.clients
        await away.stop()
        await asyncio.gather(*(channel.send(others[number % 3], f"meanwhile {number}") for number in range(count)))
        away.start()
        await asyncio.gather(*(channel.send(other, "after the return") for other in others))
        assert len(await channel.check(record)) == count + 3
    record.tried("messages sent during an absence", count)


async def test_lost_frames_are_fetched(stage: TestStage, record: Record, faults: Faults, is_long: bool):
    """Lost frames leave a gap on an open socket; the next message reveals it, and the client fetches the rest."""
    rounds = 5 if is_long else 1
    async with connected_channel(stage, 3) as channel:
        for _ in range(rounds):
            # Only the frames of this message: updates of presence are posted at the same time.
            with faults.of(
                {"where": "request", "what": "ignored", "only": "/@connections/", "body": LOST, "times": 3}
            ):
                lost_id = await channel.send(channel.clients[0], LOST)
                await asyncio.to_thread(faults.wait_until_struck, 3)
            assert not any(lost_id in client.displayed_at for client in channel.clients)
            await channel.wait_until_displayed(await channel.send(channel.clients[1], "next"))
            await channel.clients[0].wait_until(lambda: all(client.has_no_gap for client in channel.clients))
        await channel.check(record)
    record.tried("frames lost, leaving a gap on an open socket", rounds)


@pytest.mark.thorough
async def test_a_slow_client_is_closed_and_fetches_what_it_missed(
    stage: TestStage, record: Record, faults: Faults
):
    """A post that is answered 429 after every retry, to one client of several, is not left as a dead letter."""
    async with connected_channel(stage, 3) as channel:
        slow, sender, _ = channel.clients
        connections = stage.table("Connections")
        [row] = connections.query(
            KeyConditionExpression="userId = :userId",
            ExpressionAttributeValues={":userId": slow.chat_client.user_id},
            ConsistentRead=True,
        )["Items"]
        full = {
            "where": "request",
            "what": "throttle",
            "only": f"/@connections/{row['connectionId']}",
            "body": SLOW,
        }
        with faults.of(full):
            missed = await channel.send(sender, SLOW)
            await slow.wait_until(lambda: missed in slow.displayed_at)
            await channel.wait_until_runs_ended(1)
        assert (slow.unexpected_closes, slow.connections) == (1, 2)
        letters = await asyncio.to_thread(dead_letters.read, stage.stage, "delivery")
        await asyncio.to_thread(dead_letters.release, stage.stage, letters)
        assert missed not in {letter.event.message_id for letter in letters}
        await channel.check(record)
    record.tried("slow clients, closed")


API_ERRORS = {
    "upgrade answered with 503": {"what": "error", "only": "UPGRADE", "status": 503},
    "upgrade answered with 500 after $connect": {"what": "lost", "only": "UPGRADE", "status": 500},
    "ticket answered with 502": {"what": "error", "only": "/tickets", "status": 502},
    "ticket made, but answered with 504": {"what": "lost", "only": "/tickets", "status": 504},
    "backfill answered with 500": {"what": "error", "only": "/messages", "status": 500},
}


@pytest.mark.thorough
async def test_a_client_that_the_api_answers_with_5xx_tries_again_and_misses_nothing(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Whichever request of its return fails, it gets the messages of its absence, and its own one is delivered."""
    times = 4 if is_long else 2
    async with connected_channel(stage, 3, page=PAGE) as channel:
        away, *others = channel.clients
        for name, rule in API_ERRORS.items():
            await away.stop()
            sent = await asyncio.gather(*(channel.send(other, f"meanwhile: {name}") for other in others))
            await channel.wait_until_stored()
            for other in others:
                # The fault would strike the request of another client that still misses one, or fetches it.
                await other.wait_until(
                    lambda: set(sent) <= other.displayed_at.keys() and not other.is_requesting  # noqa: B023
                )
            failed = len(away.errors)
            with faults.of({"where": "api", **rule, "times": times}):
                own = asyncio.create_task(channel.send(away, f"own: {name}"))
                away.start()
                await own
                await away.wait_until(lambda: channel.sent.keys() <= away.displayed_at.keys())
                assert faults.struck() == times
            assert len(away.errors) > failed
            record.tried(name, times)
        assert len(await channel.check(record)) == 3 * len(API_ERRORS)


async def test_a_client_that_reads_slowly_delays_no_other_and_misses_nothing(
    stage: TestStage, record: Record, faults: Faults, is_thorough: bool, is_long: bool
):
    """Its buffer is full, so posts to it are refused (429); it fetches what is missing when it reads again."""
    count = 12 if is_long else 4
    async with connected_channel(stage, 3) as channel:
        slow, *others = channel.clients
        with faults.of({"where": "client", "what": "slow", "only": slow.chat_client.user_id, "buffer": 1}):
            for number in range(count):
                sent = await channel.send(others[number % 2], f"to a slow reader {number}")
                await others[0].wait_until(lambda: all(sent in other.displayed_at for other in others))  # noqa: B023
            assert not slow.frames_received["message"]
            if is_thorough or is_long:
                # Every retry of the refused posts has failed too.
                await channel.wait_until_runs_ended(count)
        assert len(await channel.check(record)) == count
    record.tried("messages to a client that does not read, with a full buffer", count)


@pytest.mark.thorough
async def test_messages_whose_posts_failed_are_fetched(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Posts that fail after every retry become a dead letter, and the client fetches the gap that they leave."""
    rounds = 5 if is_long else 1
    async with connected_channel(stage, 3) as channel:
        for _ in range(rounds):
            with faults.of({"where": "request", "what": "error", "only": "/@connections/"}):
                lost_id = await channel.send(channel.clients[0], "lost")
                await asyncio.to_thread(wait_until_dead_letter, stage, lost_id)
            assert not any(lost_id in client.displayed_at for client in channel.clients)
            await channel.wait_until_displayed(await channel.send(channel.clients[1], "next"))
            await channel.clients[0].wait_until(lambda: all(client.has_no_gap for client in channel.clients))
        await channel.check(record)
    record.tried("posts failed after every retry, leaving a gap on an open socket", rounds)


@pytest.mark.thorough
async def test_a_message_stored_after_a_later_one_is_fetched(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """A message is fetched later when it was not stored yet at the first backfills and its posts failed."""
    rounds = 3 if is_long else 1
    async with connected_channel(stage, 3) as channel:
        for _ in range(rounds):
            # Texts are sealed, so the message is recognized by its id.
            own_id = str(uuid4())
            slow = {"where": "task", "what": "throttle", "only": "PersistOnce", "body": own_id}
            with faults.of(slow):
                late = await channel.send(channel.clients[0], "late", client_message_id=own_id)
                await asyncio.to_thread(faults.wait_until_struck)
                backfills = [client.backfills for client in channel.clients]
                await channel.wait_until_displayed(await channel.send(channel.clients[1], "prompt"))
                for client, before in zip(channel.clients, backfills, strict=True):
                    enough = before + FAILED_BACKFILLS
                    await until(lambda: client.backfills >= enough, "the client had fetched without finding it")  # noqa: B023
                # Replacing the rule ends the throttle: the message is stored, and all of its posts fail.
                faults.change({"where": "request", "what": "error", "only": "/@connections/"})
                await asyncio.to_thread(wait_until_dead_letter, stage, late)
            await channel.clients[0].wait_until(lambda: all(client.has_no_gap for client in channel.clients))
        await channel.check(record)
    record.tried("messages stored after a later one, with failed posts", rounds)


def wait_until_dead_letter(stage: TestStage, message_id: str) -> None:
    """Wait until a message is in the dead-letter queue."""

    def is_dead_letter() -> bool:
        letters = dead_letters.read(stage.stage, "delivery")
        dead_letters.release(stage.stage, letters)
        return any(letter.event.message_id == message_id for letter in letters)

    wait_until(is_dead_letter, f"{message_id} was in the dead-letter queue", every=0.2)


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
    "the workflow's tasks done, their response lost": {"where": "task", "what": "lost", "chance": 0.1},
    "the workflow crashed between states and started again": {"where": "task", "what": "crash", "chance": 0.15},
    "post_to_connections timed out": {"where": "function", "what": "timeout", "only": "PostTo", "chance": 0.2},
}


@pytest.mark.thorough
async def test_messages_survive_errors_of_aws_services(
    stage: TestStage, record: Record, faults: Faults, is_long: bool
):
    """Every acknowledged message is stored once and displayed by every client, whichever AWS call fails."""
    count = 30 if is_long else 5
    for name, rule in ERRORS.items():
        async with connected_channel(stage, 3) as channel:
            with faults.of({"seconds": 0.2, **rule, "seed": 7}):
                await asyncio.gather(
                    *(channel.send(channel.clients[number % 3], f"{name} {number}") for number in range(count))
                )
                await channel.wait_until_stored()
                struck = faults.struck()
            await channel.check(record)
        record.tried(name, struck)


async def test_stale_connections_are_pruned(stage: TestStage, record: Record, is_long: bool):
    """Stale connections do not disturb the delivery, and their rows are deleted after the first failed post."""
    count = 200 if is_long else 30
    async with connected_channel(stage, 2) as channel:
        subscriptions = stage.table("Subscriptions")
        with subscriptions.batch_writer() as batch:
            for number in range(count):
                batch.put_item(
                    Item={
                        "channelId": channel.channel_id,
                        "connectionId": f"stale{number}=",
                        "userId": channel.clients[0].chat_client.user_id,
                        "expiresAt": 4102444800,
                    }
                )

        def stale() -> int:
            rows = subscriptions.query(
                KeyConditionExpression="channelId = :channelId",
                ExpressionAttributeValues={":channelId": channel.channel_id},
                ConsistentRead=True,
            )["Items"]
            return sum(str(row["connectionId"]).startswith("stale") for row in rows)

        assert await asyncio.to_thread(stale) == count
        await channel.send(channel.clients[0], "hello")
        await channel.check(record)
        await until(lambda: asyncio.to_thread(lambda: stale() == 0), "every stale row was deleted")
    record.tried("stale connections, pruned", count)
