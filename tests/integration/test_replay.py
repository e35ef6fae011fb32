"""`parley replay`: dry runs find differences and change nothing, redeliveries repair them, files are imported."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.conditions import Key

from functions.contract.model import timestamp
from tests.chat_client import ChatClient
from tests.events import envelope, message_data, publish
from tests.integration.commands import run_ops, run_ops_process
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage, running_stage
from tests.waiting import until

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
    """The time at which the test began, so that a replay leaves out the events of earlier tests."""
    return timestamp((int(time.time()) - 1) * 1000)


def all_rows(stage: TestStage, client: ChatClient) -> dict[str, list[str]]:
    """Every row of every table. Of presence only the client's own, because that of other users changes."""
    tables = {}
    for name in TABLES:
        rows = scan(stage, name)
        if name in ("Connections", "Subscriptions"):
            rows = [row for row in rows if row["userId"] == client.user_id]
        if name == "Users":
            rows = [
                row
                if row["userId"] == client.user_id
                else {key: value for key, value in row.items() if key not in PRESENCE}
                for row in rows
            ]
        tables[name] = sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)
    return tables


def scan(stage: TestStage, name: str) -> list[dict[str, Any]]:
    """Every row of a table, strongly consistent."""
    rows: list[dict[str, Any]] = []
    request: dict[str, Any] = {}
    while True:
        page = stage.table(name).scan(ConsistentRead=True, **request)
        rows += page["Items"]
        if "LastEvaluatedKey" not in page:
            return rows
        request = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def is_online(stage: TestStage, client: ChatClient) -> bool:
    """Whether a user's row shows them as online."""
    row = stage.table("Users").get_item(Key={"userId": client.user_id}, ConsistentRead=True)["Item"]
    return bool(row["isOnline"])


def dead_letter_counts(stage: TestStage) -> dict[str, str]:
    """The number of dead letters, by queue."""
    sqs = stage.client("sqs")
    return {
        name: sqs.get_queue_attributes(
            QueueUrl=stage.output("Events", name), AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        for name in ("DeliveryDeadLetterQueueUrl", "StatusDeadLetterQueueUrl", "ReplayDeadLetterQueueUrl")
    }


def publish_messages(stage: TestStage, sender: ChatClient, channel_id: str, count: int) -> list[str]:
    """Publish messages as send_message does, without its rate limit. Returns their ids, oldest first."""
    start_ms = int(time.time() * 1000) - count
    identity = {"userId": sender.user_id, "displayName": sender.user["displayName"]}
    details = []
    for number in range(count):
        sent_at = timestamp(start_ms + number)
        data = message_data(channel_id, sender=identity, text=f"number {number}", sentAt=sent_at)
        details.append(envelope(data, actor=sender.user_id, occurred_at=sent_at))
    publish(stage, "MessageSent", *details)
    return [detail["data"]["messageId"] for detail in details]


async def wait_until_stored(stage: TestStage, channel_id: str, count: int) -> None:
    """Wait until a channel holds so many messages."""
    messages = stage.table("Messages")

    def stored() -> int:
        total: int = messages.query(
            KeyConditionExpression=Key("channelId").eq(channel_id), Select="COUNT", ConsistentRead=True
        )["Count"]
        return total

    await until(lambda: asyncio.to_thread(lambda: stored() >= count), f"{count} messages were stored", every=0.2)


async def messages_received(client: ChatClient, channel_id: str) -> list[dict[str, Any]]:
    """The message frames of a channel that a client has received, including every post of an ended replay.

    It waits for a message to another channel, which takes the same path as the posts of the replay's runs. These
    have ended when the command ends, so that their frames came before.
    """
    ack = await client.send_message("sentinel")
    await client.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    return client.sockets[0].of_type("message", channelId=channel_id)


@pytest.fixture
def event_count(request: pytest.FixtureRequest) -> int:
    """How many events a dry run compares: a thousand with `--thorough`."""
    return 1000 if request.config.getoption("--thorough") else 40


@pytest.mark.thorough
async def test_a_dry_run_over_many_events_writes_nothing_and_finds_differences(
    stage: TestStage, new_client: NewClient, event_count: int, since: str
):
    """A dry run changes no table or queue and posts nothing; it reports rows that were changed by hand."""
    lost_seq, altered_seq = event_count * 4 // 10, event_count * 7 // 10
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"replay {uuid4()}"})
    channel_id = channel["channelId"]
    await asyncio.to_thread(publish_messages, stage, dora, channel_id, event_count)
    await wait_until_stored(stage, channel_id, event_count)
    await until(
        lambda: len(dora.sockets[0].of_type("message", channelId=channel_id)) == event_count,
        "every message was posted",
    )
    await until(lambda: asyncio.to_thread(is_online, stage, dora), "dora was online")
    before, dead_letters = all_rows(stage, dora), dead_letter_counts(stage)
    assert all(before[name] for name in ("Messages", "Connections", "Subscriptions", "Users"))
    dry = ("replay", "--since", since, "--channel", channel_id, "--dry-run", "--json")
    result = await asyncio.to_thread(run_ops, stage, *dry)
    assert result.code == 0, result.err
    assert result.json["events"] == event_count + 1  # with the channel's creation
    assert result.json["found"]["same"] == event_count + 1
    assert all_rows(stage, dora) == before
    assert dead_letter_counts(stage) == dead_letters
    assert len(await messages_received(dora, channel_id)) == event_count

    messages = stage.table("Messages")
    lost = messages.get_item(Key={"channelId": channel_id, "seq": lost_seq})["Item"]
    messages.delete_item(Key={"channelId": channel_id, "seq": lost_seq})
    messages.update_item(
        Key={"channelId": channel_id, "seq": altered_seq},
        UpdateExpression="SET #text = :text",
        ExpressionAttributeNames={"#text": "text"},
        ExpressionAttributeValues={":text": "forged"},
    )
    result = await asyncio.to_thread(run_ops, stage, *dry)
    assert result.code == 4
    assert {name: count for name, count in result.json["found"].items() if count} == {
        "same": event_count - 1,
        "missing": 1,
        "different": 1,
    }
    assert {(item["verdict"], item["seq"]) for item in result.json["differences"]} == {
        ("missing", lost_seq),
        ("different", altered_seq),
    }

    live = ("replay", "--since", since, "--channel", channel_id, "--redeliver", "--json")
    result = await asyncio.to_thread(run_ops, stage, *live)
    assert result.code == 5  # a different row is reported, and not changed
    assert (result.json["repaired"], [item["seq"] for item in result.json["unrepaired"]]) == (1, [altered_seq])
    assert messages.get_item(Key={"channelId": channel_id, "seq": lost_seq})["Item"] == lost


async def _channel_with_every_event(founder: ChatClient, dora: ChatClient, emil: ChatClient) -> str:
    """A channel with every kind of event. Its founder has left, so that dora is its owner."""
    channel = await founder.api.post("/channels", {"name": f"every kind {uuid4()}"})
    channel_id = str(channel["channelId"])
    for client in (dora, emil):
        await client.api.put(f"/channels/{channel_id}/members/me")
    dora_socket, emil_socket = dora.sockets[0], emil.sockets[0]
    await founder.api.delete(f"/channels/{channel_id}/members/me")
    await emil_socket.wait_for_type("channel", change="left", userId=founder.user_id, newOwnerId=dora.user_id)
    for text in ("first", "second", "third"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await emil_socket.wait_for_type("message", messageId=ack["messageId"])
    await dora_socket.send(action="editMessage", channelId=channel_id, seq=1, text="first, better")
    await emil_socket.wait_for_type("messageEdited", channelId=channel_id)
    await emil_socket.send(action="addReaction", channelId=channel_id, seq=1, emoji="👍")
    await dora_socket.wait_for_type("reaction", channelId=channel_id, change="added")
    await emil_socket.send(action="addReaction", channelId=channel_id, seq=2, emoji="🎉")
    await dora_socket.wait_for_type("reaction", channelId=channel_id, emoji="🎉")
    await emil_socket.send(action="removeReaction", channelId=channel_id, seq=2, emoji="🎉")
    await dora_socket.wait_for_type("reaction", channelId=channel_id, change="removed")
    await dora_socket.send(action="deleteMessage", channelId=channel_id, seq=3)
    await emil_socket.wait_for_type("messageDeleted", channelId=channel_id)
    return channel_id


def rows(stage: TestStage, channel_id: str) -> dict[str, list[Any]]:
    """The rows of a channel that follow from its events."""
    of_channel = Key("channelId").eq(channel_id)
    messages = stage.table("Messages").query(KeyConditionExpression=of_channel)["Items"]
    members = stage.table("Members").query(IndexName="byChannel", KeyConditionExpression=of_channel)["Items"]
    return {
        "messages": messages,
        "reactions": stage.table("Reactions").query(KeyConditionExpression=of_channel)["Items"],
        "members": [{name: row[name] for name in ("userId", "role", "joinedAt")} for row in members],
    }


async def test_every_kind_of_event_is_compared_and_restored(stage: TestStage, new_client: NewClient, since: str):
    """A dry run reports deleted rows as missing; a redelivery restores them, and a second one changes nothing."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel_id = await _channel_with_every_event(await new_client("hugo"), dora, emil)
    dry = ("replay", "--since", since, "--channel", channel_id, "--json")
    result = await asyncio.to_thread(run_ops, stage, *dry)
    assert result.code == 0, result.out + result.err
    assert {name for name, count in result.json["found"].items() if count} == {"same", "superseded"}
    before = rows(stage, channel_id)

    for row in before["messages"]:
        stage.table("Messages").delete_item(Key={"channelId": channel_id, "seq": row["seq"]})
        if row["seq"] == 2:  # for one message the id's row too
            stage.table("MessageIds").delete_item(Key={"messageId": row["messageId"]})
    for row in before["reactions"]:
        stage.table("Reactions").delete_item(Key={"channelId": channel_id, "reactionKey": row["reactionKey"]})
    stage.table("Members").delete_item(Key={"userId": emil.user_id, "channelId": channel_id})
    result = await asyncio.to_thread(run_ops, stage, *dry)
    assert result.code == 4
    assert {item["detailType"] for item in result.json["differences"] if item["verdict"] == "missing"} == {
        "MessageSent",
        "MessageEdited",
        "MessageDeleted",
        "ReactionAdded",
        "ReactionRemoved",
        "MemberJoined",
    }

    live = (*dry, "--redeliver")
    result = await asyncio.to_thread(run_ops, stage, *live)
    assert result.code == 0, result.out + result.err
    assert rows(stage, channel_id) == before
    result = await asyncio.to_thread(run_ops, stage, *live)
    assert result.code == 0
    assert rows(stage, channel_id) == before
    seqs: dict[str, set[int]] = {}
    for frame in await messages_received(emil, channel_id):
        seqs.setdefault(frame["messageId"], set()).add(frame["seq"])
    assert sorted(seq for message_seqs in seqs.values() for seq in message_seqs) == [1, 2, 3]
    result = await asyncio.to_thread(run_ops, stage, "check", "--channel", channel_id, "--settle", "0", "--json")
    assert (result.json["compared"]["messages"], result.json["differences"]) == (3, [])


@pytest.mark.thorough
async def test_a_damaged_row_of_each_table_is_listed_and_repaired(stage: TestStage, new_client: NewClient):
    """`check` prints the command; it shows the row, repairs it, and is recorded. Then no row differs."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel_id = await _channel_with_every_event(await new_client("hugo"), dora, emil)
    of_channel = Key("channelId").eq(channel_id)
    [message, *_] = stage.table("Messages").query(KeyConditionExpression=of_channel)["Items"]
    [reaction, *_] = stage.table("Reactions").query(KeyConditionExpression=of_channel)["Items"]
    subscribed = stage.table("Subscriptions").query(KeyConditionExpression=of_channel)["Items"]
    subscription = next(row for row in subscribed if row["userId"] == dora.user_id)
    [connection] = stage.table("Connections").query(KeyConditionExpression=Key("userId").eq(emil.user_id))["Items"]
    damage: dict[str, tuple[dict[str, Any], str]] = {
        "Users": ({"userId": dora.user_id}, "username"),
        "Members": ({"userId": emil.user_id, "channelId": channel_id}, "joinedAt"),
        "Messages": ({"channelId": channel_id, "seq": message["seq"]}, "sentAt"),
        "MessageIds": ({"messageId": message["messageId"]}, "seq"),
        "Reactions": ({"channelId": channel_id, "reactionKey": reaction["reactionKey"]}, "reactedAt"),
        "Subscriptions": (
            {"channelId": channel_id, "connectionId": subscription["connectionId"]},
            "expiresAt",
        ),
        "Connections": (
            {"userId": emil.user_id, "connectionId": connection["connectionId"]},
            "sessionId",
        ),
        "Channels": ({"channelId": channel_id}, "createdAt"),
    }
    before = rows(stage, channel_id)
    for name, (key, attribute) in damage.items():
        stage.table(name).update_item(
            Key=key,
            UpdateExpression="SET #name = :garbage",
            ExpressionAttributeNames={"#name": attribute},
            ExpressionAttributeValues={":garbage": ["garbage"]},
        )
    check = ("check", "--channel", channel_id, "--settle", "0")
    listed = await asyncio.to_thread(run_ops, stage, *check, "--json")
    assert listed.code == 4, listed.err
    unreadable = {
        item["table"]: item["repair"] for item in listed.json["differences"] if item["kind"] == "unreadable"
    }
    assert set(unreadable) == {name[0].lower() + name[1:] for name in damage}
    shown = await asyncio.to_thread(run_ops, stage, *check)
    # A message's id is found by its row, and the reaction by the message.
    for name in sorted(unreadable, key=lambda name: name in ("messageIds", "reactions", "subscriptions")):
        assert stage.stage.command(*unreadable[name]) in shown.out.replace("\n", "")
        result = await asyncio.to_thread(run_ops, stage, *unreadable[name], "--yes", "--json")
        assert (result.code, result.json["repaired"] if result.code == 0 else result.err) == (0, True)
    again = await asyncio.to_thread(run_ops, stage, *check, "--json")
    assert (again.code, again.json["differences"]) == (0, []), again.out
    assert rows(stage, channel_id) == before
    recorded = await asyncio.to_thread(run_ops, stage, "operations", "--since", "5m", "--json")
    assert {item["options"]["table"] for item in recorded.json if item["command"] == "repair"} >= set(unreadable)
    await emil.sockets[0].wait_until_closed()


@pytest.mark.thorough
async def test_a_message_that_was_sent_twice_is_no_difference(stage: TestStage, new_client: NewClient):
    """As after a lost ack. Both tries are archived, each with its own time, and one of them is stored."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"sent twice {uuid4()}"})
    channel_id, client_message_id = channel["channelId"], str(uuid4())
    for _ in range(2):
        await dora.send_message("hello", channel_id=channel_id, client_message_id=client_message_id)
    received = dora.sockets[0]
    await until(lambda: len(received.of_type("message", channelId=channel_id)) == 2, "both tries were posted")
    of_channel = ("--channel", channel_id, "--json")
    for command in (("check", "--settle", "0"), ("replay", "--since", "5m")):
        result = await asyncio.to_thread(run_ops, stage, *command, *of_channel)
        assert (result.code, result.json["differences"]) == (0, []), result.out + result.err


@pytest.mark.thorough
async def test_a_member_who_left_after_the_replayed_time_is_not_missing(
    stage: TestStage, new_client: NewClient, since: str
):
    """A joining whose leaving is later than the replayed time is superseded, and not restored."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": f"left {uuid4()}"})
    channel_id = channel["channelId"]
    await emil.api.put(f"/channels/{channel_id}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="joined", userId=emil.user_id)
    # Times are in whole milliseconds: this one is after the joining and before the leaving.
    until_ms = int(time.time() * 1000) + 1
    await until(lambda: time.time() * 1000 > until_ms + 1, "the time had passed", every=0.001)
    await emil.api.delete(f"/channels/{channel_id}/members/me")
    await dora.sockets[0].wait_for_type("channel", change="left", userId=emil.user_id)
    command = (
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
    result = await asyncio.to_thread(run_ops_process, stage, *command, "--redeliver")
    assert result.code == 0, result.out + result.err
    assert result.json["found"]["superseded"] == 1
    assert "Item" not in stage.table("Members").get_item(Key={"userId": emil.user_id, "channelId": channel_id})


async def export(stage: TestStage, channel_id: str, file: Path, since: str) -> None:
    """Export the events of a `_channel_with_every_event`, with redacted texts."""
    command = (
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
    result = await asyncio.to_thread(run_ops, stage, *command)
    assert result.code == 0, result.err
    assert result.json["exported"] == 12
    written = await asyncio.to_thread(file.read_text)
    assert '"first"' not in written
    assert "better" not in written
    assert "redacted, 5 characters" in written


@pytest.mark.thorough
async def test_an_import_restores_deleted_messages(
    stage: TestStage, new_client: NewClient, tmp_path: Path, since: str
):
    """Importing an export restores deleted messages at their seqs, with redacted texts, without the archive."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel_id = await _channel_with_every_event(await new_client("hugo"), dora, emil)
    file = tmp_path / "incident.jsonl"
    await export(stage, channel_id, file, since)
    before = rows(stage, channel_id)
    for row in before["messages"]:
        stage.table("Messages").delete_item(Key={"channelId": channel_id, "seq": row["seq"]})
    result = await asyncio.to_thread(run_ops, stage, "replay", "--from-file", str(file), "--json", "--redeliver")
    assert result.code == 0, result.out + result.err
    after = rows(stage, channel_id)["messages"]
    assert [(row["seq"], row["messageId"]) for row in after] == [
        (row["seq"], row["messageId"]) for row in before["messages"]
    ]
    assert [row["text"] for row in after] == ["[redacted, 13 characters]", "[redacted, 6 characters]", ""]


@pytest.mark.thorough
async def test_an_export_can_be_replayed_on_another_stage(
    stage: TestStage, new_client: NewClient, tmp_path: Path, since: str
):
    """The import creates the same rows on another stage, with redacted texts, and `check` finds no difference."""
    if stage.state_dir is None:
        pytest.skip("needs a local stage")
    dora, emil = await new_client("dora"), await new_client("emil")
    channel_id = await _channel_with_every_event(await new_client("hugo"), dora, emil)
    file = tmp_path / "incident.jsonl"
    await export(stage, channel_id, file, since)
    with running_stage(tmp_path / "other", assembly=stage.state_dir / "cdk.out") as other:
        command = ("replay", "--from-file", str(file), "--json")
        result = await asyncio.to_thread(run_ops, other, *command)
        assert (result.code, result.json["found"]["missing"]) == (4, 11), result.out
        result = await asyncio.to_thread(run_ops, other, *command, "--redeliver")
        assert result.code == 0, result.out + result.err
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
        result = await asyncio.to_thread(run_ops, other, *command)
        assert result.code == 0, result.out
        result = await asyncio.to_thread(
            run_ops, other, "check", "--from-file", str(file), "--settle", "0", "--json"
        )
        assert (result.code, result.json["differences"]) == (0, []), result.out
        assert result.json["compared"]["messages"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--since"),
        (("--since", "soon"), "Invalid time"),
        (("--since", "5m", "--until", "10m"), "empty"),
        (("--since", "5m", "--type", "Nothing"), "Unknown event type"),
        (("--since", "5m", "--redact", "text"), "--export"),
        (("--since", "5m", "--dry-run", "--redeliver"), "not both"),
        (("--from-file", "/no/such/file"), "Cannot read"),
        (("--since", "5m", "--export", "out", "--redeliver"), "neither"),
    ],
)
async def test_invalid_arguments_are_reported_in_one_sentence(
    stage: TestStage, arguments: tuple[str, ...], message: str
):
    """The command exits with 2 and prints one line that names the invalid argument."""
    result = await asyncio.to_thread(run_ops, stage, "replay", *arguments)
    assert result.code == 2, result.out
    assert message in result.err
    assert result.err.count("\n") == 1
