"""Throttled tables and functions delay messages: each is stored once, and none is a dead letter."""

import asyncio
import time
from typing import Any

import pytest

from ops.runs import dead_letters
from tests.events import envelope, message_data, publish
from tests.guarantees.clients import ConnectedChannel, connected_channel
from tests.guarantees.faults import Faults, Rule
from tests.guarantees.report import Record
from tests.local_stage import TestStage
from tests.waiting import until

PROMISE = 2
TABLE_TASKS = ("FindOriginal", "AssignSequence", "PersistOnce", "FindRecipients")
MESSAGES_PER_SECOND = 10
pytestmark = pytest.mark.anyio


def throttled(*states: str, times: int | None = None) -> list[Rule]:
    """Throttle half of the calls of each of these tasks, at most `times` times (None: without a limit)."""
    rule = {"where": "task", "what": "throttle", "chance": 0.5, "times": times}
    return [{**rule, "only": state, "seed": seed} for seed, state in enumerate(states)]


def running(stage: TestStage) -> list[str]:
    """The runs that have not ended. The emulator lists them; its log is too short for so many runs."""
    client, arn = stage.client("stepfunctions"), stage.output("Delivery", "DeliverStateMachineArn")
    runs = client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    return [str(run["name"]) for run in runs]


async def wait_until_runs_ended(stage: TestStage) -> None:
    """Wait until no run is left, which could still become a dead letter."""

    async def is_none_left() -> bool:
        return not await asyncio.to_thread(running, stage)

    await until(is_none_left, "every run had ended")


async def check_without_dead_letters(channel: ConnectedChannel, record: Record) -> list[tuple[int, str, str]]:
    """Check the channel when all runs have ended, and that none of its events is or was a dead letter."""
    stored = await channel.check(record)
    await wait_until_runs_ended(channel.stage)
    letters = await asyncio.to_thread(dead_letters.read, channel.stage.stage, "delivery")
    await asyncio.to_thread(dead_letters.release, channel.stage.stage, letters)
    assert channel.redriven == []
    assert [letter.reason for letter in letters if letter.event.channel_id == channel.channel_id] == []
    return stored


@pytest.mark.thorough
async def test_a_throttle_delays_messages_and_loses_none(stage: TestStage, record: Record, faults: Faults):
    """Calls of the workflow are throttled at every step, and repeated until the step is done."""
    async with connected_channel(stage, 3) as channel:
        with faults.of(*throttled(*TABLE_TASKS, "PostBatch", times=8)):
            sends = [channel.send(client, f"throttled {n}") for client in channel.clients for n in range(4)]
            await asyncio.gather(*sends)
            await channel.wait_until_stored()
        assert len(await check_without_dead_letters(channel, record)) == len(sends)
    record.tried("messages under a throttle of tables and functions", len(sends))


@pytest.mark.thorough
async def test_a_throttle_of_a_minute_at_ten_messages_per_second(stage: TestStage, record: Record, faults: Faults):
    """Tables refuse half of the calls of the workflow and a part of those of the functions, for 600 messages."""
    async with connected_channel(stage, 6) as channel:
        admission = {
            "where": "request",
            "what": "throttle",
            "only": "DynamoDB_20120810.UpdateItem",
            "chance": 0.3,
        }
        sends: list[asyncio.Task[str]] = []
        with faults.of(*throttled(*TABLE_TASKS, "PostBatch"), admission):
            for number in range(60 * MESSAGES_PER_SECOND):
                client = channel.clients[number % len(channel.clients)]
                sends.append(asyncio.create_task(channel.send(client, f"throttled {number}")))
                await asyncio.sleep(1 / MESSAGES_PER_SECOND)
            assert await asyncio.to_thread(running, stage), "the throttle delayed no run"
        await asyncio.gather(*sends)
        assert len(await check_without_dead_letters(channel, record)) == len(sends)
    record.tried("messages during a minute's throttle, each stored once without a redrive", len(sends))


def event_of(channel: ConnectedChannel, text: str) -> dict[str, Any]:
    """The detail of a MessageSent of the first client."""
    sender = channel.clients[0].chat_client
    data = message_data(
        channel.channel_id,
        sender={"userId": sender.user_id, "displayName": sender.user["displayName"]},
        text=text,
    )
    return envelope(data, actor=sender.user_id)


@pytest.mark.parametrize(
    "reason", ["TransactionConflict", pytest.param("ThrottlingError", marks=pytest.mark.thorough)]
)
async def test_a_cancelled_transaction_leaves_no_hole(
    stage: TestStage, record: Record, faults: Faults, reason: str
):
    """A transaction that is cancelled for another reason than a condition is repeated with the same seq."""
    cancel = {"where": "task", "what": "cancel", "only": "PersistOnce", "reason": reason, "chance": 0.5}
    async with connected_channel(stage, 2) as channel:
        with faults.of(cancel):
            # Published once each: a client's repeated send could take a seq more (docs/adr/0001).
            for number in range(8):
                event = event_of(channel, f"cancelled {number}")
                channel.sent[event["data"]["messageId"]] = time.monotonic()
                await asyncio.to_thread(publish, stage, "MessageSent", event)
            await channel.wait_until_stored()
        stored = await check_without_dead_letters(channel, record)
        assert [seq for seq, _, _ in stored] == list(range(1, 9))
    record.tried(f"transactions cancelled with {reason}", len(stored))
