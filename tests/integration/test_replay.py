"""Replays: dry ones touch nothing and tell the truth, live ones repair, exports travel."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.conditions import Key

from functions.contract.events import MessageSent, envelope
from functions.contract.model import Person, timestamp
from ops.chat_client import ChatClient
from ops.stage.stage import Stage
from tests.integration.conftest import Join
from tests.integration.operating import ops, ops_process
from tests.local_stage import ROOT, TestStage
from tests.waiting import COMMAND_SECONDS, until

pytestmark = pytest.mark.anyio

TABLES = (
    "Channels",
    "Members",
    "Messages",
    "MessageIds",
    "Reactions",
    "Connections",
    "Subscriptions",
    "Users",
    "Tickets",
)
PRESENCE = {"isOnline", "onlineUntil", "lastSeenAt"}


@pytest.fixture
def since() -> str:
    """When the test began: what happened before is not its business, and takes time to go over."""
    return timestamp((int(time.time()) - 1) * 1000)


def table(stage: TestStage, name: str) -> Any:
    return stage.resource("dynamodb").Table(stage.output("Data", f"{name}TableName"))


def everything(stage: TestStage, person: ChatClient) -> dict[str, list[str]]:
    """Every row of every table; of who is online only what is of this person, since others come and go."""
    found = {}
    for name in TABLES:
        rows = scanned(stage, name)
        if name in ("Connections", "Subscriptions"):
            rows = [row for row in rows if row["userId"] == person.user_id]
        if name == "Users":
            rows = [
                row
                if row["userId"] == person.user_id
                else {key: value for key, value in row.items() if key not in PRESENCE}
                for row in rows
            ]
        found[name] = sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)
    return found


def scanned(stage: TestStage, name: str) -> list[dict[str, Any]]:
    """Every row of a table, strongly consistent."""
    found: list[dict[str, Any]] = []
    request: dict[str, Any] = {}
    while True:
        page = table(stage, name).scan(ConsistentRead=True, **request)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        request = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def is_online(stage: TestStage, person: ChatClient) -> bool:
    """Whether the table of users says that somebody is online."""
    row = table(stage, "Users").get_item(Key={"userId": person.user_id}, ConsistentRead=True)["Item"]
    return bool(row["isOnline"])


def queued(stage: TestStage) -> dict[str, str]:
    """How much waits in each dead-letter queue."""
    sqs = stage.client("sqs")
    return {
        name: sqs.get_queue_attributes(
            QueueUrl=stage.output("Events", name), AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        for name in ("DeliveryDeadLetterQueueUrl", "StatusDeadLetterQueueUrl", "ReplayDeadLetterQueueUrl")
    }


def say_many(stage: TestStage, person: ChatClient, channel_id: str, count: int) -> list[str]:
    """Put messages on the bus, as send_message does, without its rate limit. Returns their ids, oldest first."""
    events, bus = stage.client("events"), stage.output("Events", "EventBusName")
    start = int(time.time() * 1000) - count
    ids = [str(uuid4()) for _ in range(count)]
    entries = []
    for number, message_id in enumerate(ids):
        fact = MessageSent(
            message_id=message_id,
            client_message_id=str(uuid4()),
            channel_id=channel_id,
            sender=Person(user_id=person.user_id, display_name=person.user["displayName"]),
            text=f"number {number}",
            sent_at=timestamp(start + number),
        )
        detail = envelope(
            fact,
            actor=person.user_id,
            event_id=str(uuid4()),
            occurred_at=timestamp(start + number),
            correlation_id="many",
            trace_header=None,
        )
        entries.append(
            {
                "EventBusName": bus,
                "Source": "parley",
                "DetailType": "MessageSent",
                "Detail": detail.model_dump_json(by_alias=True, exclude_none=True),
            }
        )
    for first in range(0, count, 10):
        assert events.put_events(Entries=entries[first : first + 10])["FailedEntryCount"] == 0
    return ids


async def until_stored(stage: TestStage, channel_id: str, count: int) -> None:
    """Wait until a channel holds so many messages."""
    messages = table(stage, "Messages")

    def stored() -> int:
        found: int = messages.query(
            KeyConditionExpression=Key("channelId").eq(channel_id), Select="COUNT", ConsistentRead=True
        )["Count"]
        return found

    await until(lambda: asyncio.to_thread(lambda: stored() >= count), f"{count} messages were stored", every=0.2)


async def heard_until_now(person: ChatClient, channel_id: str) -> list[dict[str, Any]]:
    """The messages of a channel that somebody's socket got, up to one that is said elsewhere now.

    That one takes the same way, and a replay's command ends after its runs: all that they posted came before.
    """
    ack = await person.send_message("what came before this?")
    await person.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    return person.sockets[0].of_type("message", channelId=channel_id)


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    """How many events a dry run goes over: a thousand with `--thorough`."""
    return 1000 if request.config.getoption("--thorough") else 40


async def test_a_dry_run_over_many_events_writes_nothing_and_is_right(
    stage: TestStage, join: Join, many: int, since: str
):
    """Tables and queues are as before, no socket hears anything, and what was tampered with is told."""
    lost_seq, altered_seq = many * 4 // 10, many * 7 // 10
    dora = await join("dora")
    channel = await dora.api.post("/channels", {"name": f"many {uuid4()}"})
    channel_id = channel["channelId"]
    await asyncio.to_thread(say_many, stage, dora, channel_id, many)
    await until_stored(stage, channel_id, many)
    await until(
        lambda: len(dora.sockets[0].of_type("message", channelId=channel_id)) == many, "every message was posted"
    )
    await until(lambda: asyncio.to_thread(is_online, stage, dora), "dora was online")
    before, waiting = everything(stage, dora), queued(stage)
    assert all(before[name] for name in ("Messages", "Connections", "Subscriptions", "Users"))
    asked = ("replay", "--since", since, "--channel", channel_id, "--dry-run", "--json")
    ran = await asyncio.to_thread(ops, stage, *asked)
    assert ran.code == 0, ran.err
    assert ran.json["events"] == many + 1  # the channel's creation too
    assert ran.json["found"]["same"] == many + 1
    assert everything(stage, dora) == before
    assert queued(stage) == waiting
    assert len(await heard_until_now(dora, channel_id)) == many

    messages = table(stage, "Messages")
    lost = messages.get_item(Key={"channelId": channel_id, "seq": lost_seq})["Item"]
    messages.delete_item(Key={"channelId": channel_id, "seq": lost_seq})
    messages.update_item(
        Key={"channelId": channel_id, "seq": altered_seq},
        UpdateExpression="SET #text = :text",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues={":text": "forged"},
    )
    ran = await asyncio.to_thread(ops, stage, *asked)
    assert ran.code == 4
    assert {name: count for name, count in ran.json["found"].items() if count} == {
        "same": many - 1,
        "missing": 1,
        "different": 1,
    }
    assert {(each["verdict"], each["seq"]) for each in ran.json["differences"]} == {
        ("missing", lost_seq),
        ("different", altered_seq),
    }

    live = ("replay", "--since", since, "--channel", channel_id, "--redeliver", "--json")
    ran = await asyncio.to_thread(ops, stage, *live)
    assert ran.code == 5  # what is different is told, and left
    assert (ran.json["repaired"], [each["seq"] for each in ran.json["unrepaired"]]) == (1, [altered_seq])
    assert messages.get_item(Key={"channelId": channel_id, "seq": lost_seq})["Item"] == lost


async def _chatter(founder: ChatClient, dora: ChatClient, emil: ChatClient) -> str:
    """A channel with every kind of event. Who made it has left, so that it belongs to dora."""
    channel = await founder.api.post("/channels", {"name": f"every kind {uuid4()}"})
    channel_id = str(channel["channelId"])
    for person in (dora, emil):
        await person.api.put(f"/channels/{channel_id}/members/me")
    mine, theirs = dora.sockets[0], emil.sockets[0]
    await founder.api.delete(f"/channels/{channel_id}/members/me")
    await theirs.wait_for_type("channel", change="left", userId=founder.user_id, newOwnerId=dora.user_id)
    for text in ("first", "second", "third"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await theirs.wait_for_type("message", messageId=ack["messageId"])
    await mine.send(action="editMessage", channelId=channel_id, seq=1, text="first, mended")
    await theirs.wait_for_type("messageEdited", channelId=channel_id)
    await theirs.send(action="addReaction", channelId=channel_id, seq=1, emoji="👍")
    await mine.wait_for_type("reaction", channelId=channel_id, change="added")
    await theirs.send(action="addReaction", channelId=channel_id, seq=2, emoji="🎉")
    await mine.wait_for_type("reaction", channelId=channel_id, emoji="🎉")
    await theirs.send(action="removeReaction", channelId=channel_id, seq=2, emoji="🎉")
    await mine.wait_for_type("reaction", channelId=channel_id, change="removed")
    await mine.send(action="deleteMessage", channelId=channel_id, seq=3)
    await theirs.wait_for_type("messageDeleted", channelId=channel_id)
    return channel_id


def rows(stage: TestStage, channel_id: str) -> dict[str, list[Any]]:
    """What a channel's events made."""
    of_channel = Key("channelId").eq(channel_id)
    messages = table(stage, "Messages").query(KeyConditionExpression=of_channel)["Items"]
    members = table(stage, "Members").query(IndexName="byChannel", KeyConditionExpression=of_channel)["Items"]
    return {
        "messages": messages,
        "reactions": table(stage, "Reactions").query(KeyConditionExpression=of_channel)["Items"],
        "members": [{name: row[name] for name in ("userId", "role", "joinedAt")} for row in members],
    }


async def test_every_kind_of_event_is_compared_and_repaired_where_it_was(stage: TestStage, join: Join, since: str):
    """Rows deleted by hand are missing to a dry run, and as before after a redelivery; twice is once."""
    dora, emil = await join("dora"), await join("emil")
    channel_id = await _chatter(await join("hugo"), dora, emil)
    dry = ("replay", "--since", since, "--channel", channel_id, "--json")
    ran = await asyncio.to_thread(ops, stage, *dry)
    assert ran.code == 0, ran.out + ran.err
    assert {name for name, count in ran.json["found"].items() if count} == {"same", "superseded"}
    before = rows(stage, channel_id)

    for row in before["messages"]:
        table(stage, "Messages").delete_item(Key={"channelId": channel_id, "seq": row["seq"]})
        if row["seq"] == 2:  # one of them without a trace
            table(stage, "MessageIds").delete_item(Key={"messageId": row["messageId"]})
    for row in before["reactions"]:
        table(stage, "Reactions").delete_item(Key={"channelId": channel_id, "reactionKey": row["reactionKey"]})
    table(stage, "Members").delete_item(Key={"userId": emil.user_id, "channelId": channel_id})
    ran = await asyncio.to_thread(ops, stage, *dry)
    assert ran.code == 4
    assert {each["detailType"] for each in ran.json["differences"] if each["verdict"] == "missing"} == {
        "MessageSent",
        "MessageEdited",
        "MessageDeleted",
        "ReactionAdded",
        "ReactionRemoved",
        "MemberJoined",
    }

    live = (*dry, "--redeliver")
    ran = await asyncio.to_thread(ops, stage, *live)
    assert ran.code == 0, ran.out + ran.err
    assert rows(stage, channel_id) == before
    ran = await asyncio.to_thread(ops, stage, *live)
    assert ran.code == 0
    assert rows(stage, channel_id) == before
    seqs: dict[str, set[int]] = {}
    for frame in await heard_until_now(emil, channel_id):
        seqs.setdefault(frame["messageId"], set()).add(frame["seq"])
    assert sorted(seq for seqs_of_one in seqs.values() for seq in seqs_of_one) == [1, 2, 3]
    ran = await asyncio.to_thread(ops, stage, "check", "--channel", channel_id, "--settle", "0", "--json")
    assert (ran.json["compared"]["messages"], ran.json["differences"]) == (3, [])


async def test_a_member_who_left_after_the_time_looked_at_is_not_missing(stage: TestStage, join: Join, since: str):
    """The joining is within the time, the leaving after it: superseded, and a redelivery brings nobody back."""
    dora, emil = await join("dora"), await join("emil")
    channel = await dora.api.post("/channels", {"name": f"left {uuid4()}"})
    channel_id = channel["channelId"]
    await emil.api.put(f"/channels/{channel_id}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    # A time is in whole milliseconds: one after the joining, and before the leaving.
    until_ms = int(time.time() * 1000) + 1
    await until(lambda: time.time() * 1000 > until_ms + 1, "the time had passed", every=0.001)
    await emil.api.delete(f"/channels/{channel_id}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="left", userId=emil.user_id)
    asked = (
        "replay",
        "--since",
        since,
        "--until",
        timestamp(until_ms),
        "--channel",
        channel_id,
        "--type",
        "MemberJoined",
        "--json",
    )
    ran = await asyncio.to_thread(ops_process, stage, *asked, "--redeliver")
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["found"]["superseded"] == 1
    assert "Item" not in table(stage, "Members").get_item(Key={"userId": emil.user_id, "channelId": channel_id})


@contextmanager
def another_stage(stage: TestStage, state_dir: Path) -> Iterator[TestStage]:
    """A fresh stage of the same templates, on another emulator."""
    if stage.state_dir is None:
        pytest.skip("a deployed stage has no emulator beside it")
    command, where = [sys.executable, "-m", "local.command_line"], ["--state-dir", str(state_dir)]
    ports = ["--port", "0", "--emulator-port", "0"]
    started = subprocess.run(
        [*command, "up", "--detach", *ports, "--app", str(stage.state_dir / "cdk.out"), *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield TestStage(Stage.local(state_dir), state_dir)
    finally:
        stop = [*command, "down", *where]
        subprocess.run(stop, cwd=ROOT, capture_output=True, timeout=COMMAND_SECONDS, check=False)


async def exported(stage: TestStage, channel_id: str, file: Path, since: str) -> None:
    """Export a channel of `_chatter`, without its texts."""
    asked = (
        "replay",
        "--since",
        since,
        "--channel",
        channel_id,
        "--export",
        str(file),
        "--redact",
        "text",
        "--json",
    )
    ran = await asyncio.to_thread(ops, stage, *asked)
    assert ran.code == 0, ran.err
    assert ran.json["exported"] == 12
    written = await asyncio.to_thread(file.read_text)
    assert '"first"' not in written
    assert "mended" not in written
    assert "redacted, 5 characters" in written


async def test_an_export_brings_back_what_was_deleted(stage: TestStage, join: Join, tmp_path: Path, since: str):
    """Without its text, at the same place; the file alone says so, whatever the archive holds."""
    dora, emil = await join("dora"), await join("emil")
    channel_id = await _chatter(await join("hugo"), dora, emil)
    file = tmp_path / "incident.jsonl"
    await exported(stage, channel_id, file, since)
    before = rows(stage, channel_id)
    for row in before["messages"]:
        table(stage, "Messages").delete_item(Key={"channelId": channel_id, "seq": row["seq"]})
    ran = await asyncio.to_thread(ops, stage, "replay", "--from-file", str(file), "--json", "--redeliver")
    assert ran.code == 0, ran.out + ran.err
    after = rows(stage, channel_id)["messages"]
    assert [(row["seq"], row["messageId"]) for row in after] == [
        (row["seq"], row["messageId"]) for row in before["messages"]
    ]
    assert [row["text"] for row in after] == ["[redacted, 13 characters]", "[redacted, 6 characters]", ""]


@pytest.mark.thorough
async def test_an_export_replays_on_another_machine(stage: TestStage, join: Join, tmp_path: Path, since: str):
    """Without its texts, at the same places, and replay equals database there too."""
    dora, emil = await join("dora"), await join("emil")
    channel_id = await _chatter(await join("hugo"), dora, emil)
    file = tmp_path / "incident.jsonl"
    await exported(stage, channel_id, file, since)
    with another_stage(stage, tmp_path / "other") as other:
        brought = ("replay", "--from-file", str(file), "--json")
        ran = await asyncio.to_thread(ops, other, *brought)
        assert (ran.code, ran.json["found"]["missing"]) == (4, 11), ran.out
        ran = await asyncio.to_thread(ops, other, *brought, "--redeliver")
        assert ran.code == 0, ran.out + ran.err
        here, there = rows(stage, channel_id), rows(other, channel_id)
        assert [row["seq"] for row in there["messages"]] == [row["seq"] for row in here["messages"]] == [1, 2, 3]
        assert [row["messageId"] for row in there["messages"]] == [row["messageId"] for row in here["messages"]]
        assert there["reactions"] == here["reactions"]
        assert there["members"] == here["members"]
        assert {row["userId"]: row["role"] for row in there["members"]} == {
            dora.user_id: "owner",
            emil.user_id: "member",
        }
        assert there["messages"][0]["text"] == "[redacted, 13 characters]"
        ran = await asyncio.to_thread(ops, other, *brought)
        assert ran.code == 0, ran.out
        ran = await asyncio.to_thread(ops, other, "check", "--from-file", str(file), "--settle", "0", "--json")
        assert (ran.code, ran.json["differences"]) == (0, []), ran.out
        assert ran.json["compared"]["messages"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--since"),
        (("--since", "soon"), "Invalid time"),
        (("--since", "5m", "--until", "10m"), "empty"),
        (("--since", "5m", "--type", "Nothing"), "no kind of event"),
        (("--since", "5m", "--redact", "text"), "--export"),
        (("--from-file", "/no/such/file"), "Cannot read"),
        (("--since", "5m", "--export", "out", "--redeliver"), "neither"),
    ],
)
async def test_what_cannot_be_replayed_is_said_in_a_sentence(
    stage: TestStage, arguments: tuple[str, ...], message: str
):
    """Exit code 2, and the sentence names what is wrong."""
    ran = await asyncio.to_thread(ops, stage, "replay", *arguments)
    assert ran.code == 2, ran.out
    assert message in ran.err
    assert ran.err.count("\n") == 1
