"""The commands that look at a stage and put things right: runs, tail, redrive, users, check."""

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import Join
from tests.integration.operating import command, ops, ops_process, until_followed
from tests.local_stage import ROOT, TestStage
from tests.waiting import COMMAND_SECONDS, DEADLINE_SECONDS, until

pytestmark = pytest.mark.anyio


def put_event(stage: TestStage, detail_type: str, data: dict[str, Any]) -> None:
    """Publish whatever the test makes up."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    metadata = {"eventId": str(uuid4()), "occurredAt": now, "schemaVersion": 1, "actor": "t", "correlationId": "t"}
    answer = stage.client("events").put_events(
        Entries=[
            {
                "EventBusName": stage.output("Events", "EventBusName"),
                "Source": "parley",
                "DetailType": detail_type,
                "Detail": json.dumps({"metadata": metadata, "data": data}),
            }
        ]
    )
    assert answer["FailedEntryCount"] == 0


async def found_runs(stage: TestStage, channel_id: str, *more: str) -> list[dict[str, Any]]:
    """The runs of a channel, once there are any."""

    def look() -> list[dict[str, Any]]:
        ran = ops(stage, "runs", "--since", "5m", "--channel", channel_id, "--json", *more)
        assert ran.code == 0, ran.err
        return list(ran.json)

    return await until(lambda: asyncio.to_thread(look), f"there were runs of {channel_id}", every=0.2)


async def test_runs_in_trouble_come_first(stage: TestStage, join: Join):
    """A poisoned event's run is before younger ones that went well, with its reason."""
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"runs {uuid4()}"})
    channel_id = channel["channelId"]
    put_event(stage, "MessageSent", {"channelId": channel_id, "messageId": str(uuid4()), "text": 7})
    await found_runs(stage, channel_id, "--failed")
    ack = await dora.send_message("well", channel_id=channel_id)
    await asyncio.to_thread(until_followed, stage, ack["messageId"])
    runs = await found_runs(stage, channel_id)
    assert [(run["status"], run["outcome"]) for run in runs] == [
        ("FAILED", None),
        ("SUCCEEDED", "delivered"),
        ("SUCCEEDED", "delivered"),
    ]
    assert "Parley.MalformedEvent" in runs[0]["trouble"]
    assert runs[0]["startedAt"] < runs[1]["startedAt"]
    assert runs[1]["messageId"] == ack["messageId"]
    failed = await found_runs(stage, channel_id, "--failed")
    assert [run["runId"] for run in failed] == [runs[0]["runId"]]


async def test_a_poisoned_event_stays_in_its_queue_with_its_reason(stage: TestStage, join: Join):
    """Looking changes nothing; redriving fails again, says so with exit code 5, and leaves one letter."""
    await asyncio.to_thread(empty_dead_letters, stage)
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"poison {uuid4()}"})
    put_event(stage, "MessageSent", {"channelId": channel["channelId"], "messageId": "m-poison", "text": 7})

    def look() -> list[dict[str, Any]]:
        return list(ops(stage, "redrive", "--queue", "delivery", "--dry-run", "--json").json)

    letters = await until(lambda: asyncio.to_thread(look), "the event was in the dead-letter queue", every=0.2)
    assert [letter["event"]["messageId"] for letter in letters] == ["m-poison"]
    assert "Parley.MalformedEvent" in letters[0]["reason"]
    ran = await asyncio.to_thread(ops, stage, "redrive", "--queue", "delivery", "--json")
    assert ran.code == 5
    assert [each["redriven"] for each in ran.json] == [False]
    ran = await asyncio.to_thread(ops, stage, "redrive", "--queue", "delivery", "--dry-run", "--json")
    assert [letter["event"]["messageId"] for letter in ran.json] == ["m-poison"]
    await asyncio.to_thread(empty_dead_letters, stage)


async def test_a_redrive_reaches_only_those_that_were_missed(stage: TestStage, join: Join):
    """The connection that the letter names gets the frame, nobody else does, and other channels' letters stay."""
    await asyncio.to_thread(empty_dead_letters, stage)
    dora, emil = await join("dora"), await join("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    ack = await dora.send_message("missed by one", channel_id=opened["channelId"])
    await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    found = await asyncio.to_thread(until_followed, stage, ack["messageId"])
    [connection_id] = [post["connectionId"] for post in found["posts"] if post["userId"] == emil.user_id]
    letter = {
        "event": found["runs"][0]["input"],
        "seq": found["message"]["seq"],
        "undelivered": [connection_id],
        "failure": {"Error": "Parley.Undelivered", "Cause": "Posts failed after every retry"},
    }
    url = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    elsewhere = json.dumps(letter).replace(opened["channelId"], "another-channel")
    for body in (json.dumps(letter), elsewhere):
        stage.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    narrowed = ("redrive", "--queue", "delivery", "--channel", opened["channelId"])
    ran = await asyncio.to_thread(ops, stage, *narrowed, "--json")
    assert ran.code == 0, ran.out + ran.err
    assert len(ran.json) == 1
    # The redriven run has ended. What it had posted came before what is posted to the same sockets now.
    later = await dora.send_message("missed by nobody", channel_id=opened["channelId"])
    for person in (dora, emil):
        await person.sockets[0].wait_for_type("message", messageId=later["messageId"])
    assert len(emil.sockets[0].of_type("message", messageId=ack["messageId"])) == 2
    assert len(dora.sockets[0].of_type("message", messageId=ack["messageId"])) == 1
    ran = await asyncio.to_thread(ops, stage, "redrive", "--queue", "delivery", "--dry-run", "--json")
    assert [each["event"]["channelId"] for each in ran.json] == ["another-channel"]
    await asyncio.to_thread(empty_dead_letters, stage)


async def test_a_status_letter_goes_back_to_its_queue(stage: TestStage, join: Join):
    """And is broadcast: everybody in the channel sees the typing."""
    dora, emil = await join("dora"), await join("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 60))
    event = {
        "detail-type": "TypingStarted",
        "detail": {
            "metadata": {
                "eventId": str(uuid4()),
                "occurredAt": until,
                "schemaVersion": 1,
                "actor": dora.user_id,
                "correlationId": "t",
            },
            "data": {"channelId": opened["channelId"], "userId": dora.user_id, "until": until},
        },
    }
    url = stage.output("Events", "StatusDeadLetterQueueUrl")
    stage.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(event))
    ran = await asyncio.to_thread(ops_process, stage, "redrive", "--queue", "status", "--json")
    assert ran.code == 0, ran.out + ran.err
    await emil.sockets[0].wait_for_type("typing", channelId=opened["channelId"], userId=dora.user_id)


async def test_tail_shows_what_is_published_and_leaves_nothing_behind(stage: TestStage, join: Join):
    """Only what the filter lets through, one JSON object a line; rule and queue are gone afterwards."""
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"tail {uuid4()}"})
    asked = [
        "tail",
        "--json",
        "--type",
        "MessageSent",
        "--channel",
        channel["channelId"],
        "--count",
        "2",
        "--seconds",
        str(int(DEADLINE_SECONDS)),
    ]
    tail = await asyncio.to_thread(
        subprocess.Popen,
        [*command(stage), *asked],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stderr is not None
        await asyncio.to_thread(tail.stderr.readline)  # it says when it watches
        await dora.send_message("not here")
        for text in ("one", "two"):
            await dora.send_message(text, channel_id=channel["channelId"])
        out, _ = await asyncio.to_thread(tail.communicate, timeout=COMMAND_SECONDS)
    finally:
        tail.kill()
    lines = [json.loads(line) for line in out.splitlines()]
    assert sorted(line["detail"]["data"]["text"] for line in lines) == ["one", "two"]
    prefix = f"parley-{stage.stage.name}-tail-"
    rules = stage.client("events").list_rules(
        NamePrefix=prefix, EventBusName=stage.output("Events", "EventBusName")
    )["Rules"]
    assert rules == []
    assert stage.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", []) == []


def test_users_are_added_listed_and_disabled(stage: TestStage, monkeypatch: pytest.MonkeyPatch):
    """A new user may sign in, a disabled one may not; one that there is not is a sentence."""
    username = f"ops-{uuid4().hex[:8]}"
    monkeypatch.setenv("PARLEY_PASSWORD", "Parley-ops-1")
    assert ops_process(stage, "users", "add", username, "--name", "Otto").code == 0
    assert stage.stage.user_pool.id_token(username, "Parley-ops-1")
    listed = {user["username"]: user for user in ops(stage, "users", "list", "--json").json}
    assert (listed[username]["displayName"], listed[username]["enabled"]) == ("Otto", True)
    assert ops(stage, "users", "disable", username).code == 0
    with pytest.raises(ClientError):
        stage.stage.user_pool.id_token(username, "Parley-ops-1")
    assert ops(stage, "users", "enable", username).code == 0
    assert stage.stage.user_pool.id_token(username, "Parley-ops-1")
    ran = ops(stage, "users", "disable", "nobody-of-that-name")
    assert (ran.code, ran.err) == (3, "There is no user 'nobody-of-that-name'.\n")


async def test_replay_equals_database_until_somebody_tampers(stage: TestStage, join: Join):
    """The check holds for a channel of real use, and names a row that was changed or made by hand."""
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"check {uuid4()}"})
    channel_id = channel["channelId"]
    for text in ("one", "two"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    # Nothing is on its way: all that was sent has arrived.
    asked = ("check", "--channel", channel_id, "--settle", "0", "--json")
    ran = await asyncio.to_thread(ops_process, stage, *asked)
    assert (ran.code, ran.json["differences"]) == (0, []), ran.out + ran.err
    assert ran.json["compared"]["messages"] == 2
    messages = stage.resource("dynamodb").Table(stage.output("Data", "MessagesTableName"))
    first = messages.get_item(Key={"channelId": channel_id, "seq": 1})["Item"]
    messages.put_item(Item={**first, "text": "forged"})
    messages.put_item(Item={**first, "seq": 99, "messageId": "made-up"})
    ran = await asyncio.to_thread(ops, stage, *asked)
    assert ran.code == 4
    found = {(each["kind"], each["table"], each["key"]) for each in ran.json["differences"]}
    assert {("different", "messages", first["messageId"]), ("extra", "messages", "made-up")} <= found


def test_a_stage_that_is_not_there_is_one_sentence(stage: TestStage, tmp_path: Path):
    """Exit code 1."""
    nowhere = TestStage(stage.stage, tmp_path / "nowhere")
    ran = ops_process(nowhere, "runs")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


def empty_dead_letters(stage: TestStage) -> None:
    """Start without letters of other tests."""
    sqs, url = stage.client("sqs"), stage.output("Events", "DeliveryDeadLetterQueueUrl")
    sqs.purge_queue(QueueUrl=url)
