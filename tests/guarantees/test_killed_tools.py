"""`kill -9` of an operator's command: the next command names what it left behind, and nothing is lost."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from ops.events import tail
from tests.events import envelope, publish
from tests.guarantees.clients import connected_channel
from tests.guarantees.faults import Faults, Rule
from tests.guarantees.report import Record
from tests.integration.commands import ops_command, run_ops
from tests.local_stage import ROOT, TestStage
from tests.waiting import until, wait_until

PROMISE = 10
pytestmark = [pytest.mark.anyio, pytest.mark.thorough]
DEAD_LETTERS = 3


@contextmanager
def started(stage: TestStage, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command that runs in a process, which is killed when the block ends at the latest."""
    process = subprocess.Popen(
        [*ops_command(stage), *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def kill_when_struck(stage: TestStage, faults: Faults, rule: Rule, *arguments: str) -> None:
    """Kill a command (SIGKILL) as soon as the fault has struck it."""
    with faults.of(rule), started(stage, *arguments) as process:
        faults.wait_until_struck()
        assert process.poll() is None, "the command ended before it could be killed"


async def test_the_letters_of_a_killed_redrive_come_back(stage: TestStage, record: Record, faults: Faults):
    """The next command says that some are held, and exits with 5; when the lease has ended, all are back."""
    channel_id = f"killed-{uuid4().hex[:8]}"
    ids = {f"m-{number}-{channel_id}" for number in range(DEAD_LETTERS)}
    for message_id in ids:
        publish(stage, "MessageSent", envelope({"channelId": channel_id, "messageId": message_id, "text": 7}))

    def listed() -> set[str]:
        result = run_ops(stage, "redrive", "--queue", "delivery", "--channel", channel_id, "--dry-run", "--json")
        return {letter["event"]["messageId"] for letter in result.json} if result.out else set()

    async def all_are_there() -> bool:
        return await asyncio.to_thread(listed) == ids

    await until(all_are_there, "the events were dead letters", every=0.3)
    hang: Rule = {
        "where": "request",
        "what": "hang",
        "only": "AWSStepFunctions.StartSyncExecution",
        "seconds": 300,
    }
    command = ("redrive", "--queue", "delivery", "--channel", channel_id)
    await asyncio.to_thread(kill_when_struck, stage, faults, hang, *command)
    again = await asyncio.to_thread(run_ops, stage, *command)
    # The number is an estimate: the queue may have letters of other tests, and get one after it was counted.
    held = re.search(r"\d+ dead letters? (is|are) held", again.err)
    assert (again.code, held is not None) == (5, True), again.err
    await until(all_are_there, "the lease of the killed redrive had ended", every=1)
    for letter in (await asyncio.to_thread(run_ops, stage, "dead-letters", "list", "--json")).json:
        if letter["event"]["channelId"] == channel_id:
            discard = ("dead-letters", "discard", letter["messageId"], "--yes", "--keep-in", "/dev/null")
            await asyncio.to_thread(run_ops, stage, *discard)
    record.tried("redrive killed while it held dead letters")


async def test_a_check_after_a_killed_check_is_complete(stage: TestStage, record: Record, faults: Faults):
    """It waits for the lease, deletes the events that were left, says both, and finds no difference."""
    async with connected_channel(stage, 1) as channel:
        await channel.wait_until_displayed(await channel.send(channel.clients[0], "before"))
        command = ("check", "--channel", channel.channel_id, "--settle", "0")
        hang: Rule = {"where": "request", "what": "hang", "only": "AmazonSQS.ReceiveMessage", "seconds": 300}
        await asyncio.to_thread(kill_when_struck, stage, faults, hang, *command)
        result = await asyncio.to_thread(run_ops, stage, *command, "--json")
        assert (result.code, result.json["differences"]) == (0, []), result.out + result.err
        assert result.json["compared"]["messages"] == 1
        assert re.search(
            r"at work\. Waiting until .*Deleted [\d,]+ events? of an earlier replay", result.err, re.S
        ), result.err
    record.tried("check killed while it read the archive")


async def test_what_a_killed_tail_left_is_removed(
    stage: TestStage, record: Record, monkeypatch: pytest.MonkeyPatch
):
    """By the next tail after the lease, which says so; until then it does no harm."""
    bus, prefix = stage.output("Events", "EventBusName"), f"parley-{stage.stage.name}-tail-"

    def rules() -> set[str]:
        found = stage.client("events").list_rules(NamePrefix=prefix, EventBusName=bus)["Rules"]
        return {rule["Name"] for rule in found}

    def kill_one() -> set[str]:
        with started(stage, "tail", "--json", "--seconds", "300"):
            return wait_until(rules, "the tail's rule was there")

    left = await asyncio.to_thread(kill_one)
    early = await asyncio.to_thread(run_ops, stage, "tail", "--seconds", "1", "--json")
    assert (early.code, rules()) == (0, left)
    lease = tail.LEASE_SECONDS + 60
    monkeypatch.setattr(tail, "time", SimpleNamespace(**{**vars(time), "time": lambda: time.time() + lease}))
    result: Any = await asyncio.to_thread(run_ops, stage, "tail", "--seconds", "1", "--json")
    assert (result.code, "a tail that was killed" in result.err) == (0, True), result.err
    assert rules() == set()
    assert stage.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", []) == []
    assert all(json.loads(line) for line in result.out.splitlines())
    record.tried("tail killed while it printed events")
