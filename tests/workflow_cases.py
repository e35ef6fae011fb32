"""Events that together lead the workflow `deliver` through each of its tasks, for every engine.

A case prepares what is stored, by earlier runs or in the tables, and returns the event under test.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from functions.contract.shards import last_rows, shard_key
from tests.events import bus_event, envelope, message_sent

Event = dict[str, Any]
Process = Callable[[Event], Any]
"""Runs an event."""
Table = Callable[[str], Any]
"""A boto3 table by its name: `Messages`."""
Prepare = Callable[[str, Process, Table], Event]
"""Prepares a case in a channel, and returns its event."""

AT = "2026-11-24T09:31:00.000Z"
LATER = "2026-11-24T09:32:00.000Z"


def _new(channel_id: str, _process: Process, _table: Table) -> Event:
    return message_sent(channel_id)


def _mentioning(channel_id: str, _process: Process, _table: Table) -> Event:
    return message_sent(channel_id, text="@bob and @dora", mentions=["bob", "dora"])


def _duplicate(channel_id: str, process: Process, _table: Table) -> Event:
    sent = message_sent(channel_id)
    process(sent)
    return sent


def _lost_original(channel_id: str, process: Process, table: Table) -> Event:
    sent = _duplicate(channel_id, process, table)
    table("Messages").delete_item(Key={"channelId": channel_id, "seq": 1})
    return sent


def _edit(channel_id: str, process: Process, table: Table) -> Event:
    sent = _duplicate(channel_id, process, table)
    return bus_event(
        "MessageEdited", envelope(_change(sent) | {"text": "Later", "editedBy": "u-1", "editedAt": AT})
    )


def _mentioning_edit(channel_id: str, process: Process, table: Table) -> Event:
    edit = _edit(channel_id, process, table)
    edit["detail"]["data"] |= {"text": "@bob", "mentions": ["bob"]}
    return edit


def _superseded_edit(channel_id: str, process: Process, table: Table) -> Event:
    edit = _edit(channel_id, process, table)
    process(bus_event("MessageEdited", envelope(edit["detail"]["data"] | {"editedAt": LATER})))
    return edit


def _delete(channel_id: str, process: Process, table: Table) -> Event:
    sent = _duplicate(channel_id, process, table)
    return bus_event("MessageDeleted", envelope(_change(sent) | {"deletedBy": "u-1", "deletedAt": AT}))


def _reaction(channel_id: str, process: Process, table: Table) -> Event:
    sent = _duplicate(channel_id, process, table)
    return bus_event("ReactionAdded", envelope(_change(sent) | {"emoji": "👍", "userId": "u-1", "reactedAt": AT}))


def _created(channel_id: str, _process: Process, _table: Table) -> Event:
    data = {
        "channelId": channel_id,
        "channel": _channel(channel_id),
        "userId": "u-1",
        "firstMemberIds": ["u-1"],
        "changedAt": AT,
    }
    return bus_event("ChannelCreated", envelope(data))


def _left(channel_id: str, _process: Process, table: Table) -> Event:
    user_id = f"leaver-{uuid4()}"
    for number in range(2):
        table("Connections").put_item(
            Item={"userId": user_id, "connectionId": f"{user_id}-{number}", "expiresAt": 4_000_000_000}
        )
    return bus_event("MemberLeft", envelope(_membership(channel_id, user_id)))


def _duplicate_of_deleted(channel_id: str, process: Process, table: Table) -> Event:
    deletion = _delete(channel_id, process, table)
    process(deletion)
    return message_sent(channel_id, **_original(channel_id, table))


def _duplicate_of_edited(channel_id: str, process: Process, table: Table) -> Event:
    edit = _edit(channel_id, process, table)
    process(edit)
    return message_sent(channel_id, **_original(channel_id, table))


def _original(channel_id: str, table: Table) -> dict[str, Any]:
    row = table("Messages").get_item(Key={"channelId": channel_id, "seq": 1})["Item"]
    return {"messageId": row["messageId"], "clientMessageId": row["clientMessageId"], "text": "as it was"}


def _other_at_its_seq(channel_id: str, process: Process, table: Table) -> Event:
    sent = _duplicate(channel_id, process, table)
    table("Messages").put_item(Item={"channelId": channel_id, "seq": 1, "messageId": "another"})
    return sent


def _id_of_another_channel(channel_id: str, _process: Process, table: Table) -> Event:
    sent = message_sent(channel_id)
    row = {"messageId": sent["detail"]["data"]["messageId"], "channelId": f"other-{uuid4()}", "seq": 1}
    table("MessageIds").put_item(Item=row)
    return sent


def _joined(channel_id: str, _process: Process, table: Table) -> Event:
    user_id = f"joiner-{uuid4()}"
    table("Members").put_item(Item={"userId": user_id, "channelId": channel_id, "joinedAt": AT})
    return bus_event("MemberJoined", envelope(_membership(channel_id, user_id) | {"displayName": "Dora"}))


def _joined_and_left(channel_id: str, process: Process, table: Table) -> Event:
    joined = _joined(channel_id, process, table)
    table("Members").delete_item(Key={"userId": joined["detail"]["data"]["userId"], "channelId": channel_id})
    return joined


def _left_and_joined(channel_id: str, process: Process, table: Table) -> Event:
    left = _left(channel_id, process, table)
    user_id = left["detail"]["data"]["userId"]
    table("Members").put_item(Item={"userId": user_id, "channelId": channel_id, "joinedAt": LATER})
    return left


def _membership(channel_id: str, user_id: str) -> dict[str, Any]:
    return {
        "channelId": channel_id,
        "channel": _channel(channel_id),
        "userId": user_id,
        "changedBy": user_id,
        "changedAt": AT,
    }


def _unknown_channel(_channel_id: str, _process: Process, _table: Table) -> Event:
    return message_sent(f"no-such-channel-{uuid4()}")


def _taken_seq(channel_id: str, _process: Process, table: Table) -> Event:
    table("Messages").put_item(Item={"channelId": channel_id, "seq": 1, "messageId": "another"})
    return message_sent(channel_id)


def _malformed(channel_id: str, _process: Process, _table: Table) -> Event:
    return message_sent(channel_id, text=7)


def _newer(channel_id: str, _process: Process, _table: Table) -> Event:
    sent = message_sent(channel_id)
    sent["detail"]["metadata"] |= {"schemaVersion": 3, "readableFrom": 2}
    return sent


def _unknown_type(channel_id: str, _process: Process, _table: Table) -> Event:
    return bus_event("MessagePinned", envelope({"channelId": channel_id}))


def _sharded(channel_id: str, _process: Process, table: Table) -> Event:
    for row in last_rows(channel_id, 3):
        table("Subscriptions").put_item(Item=row)
    for shard in range(3):
        key = {"channelId": shard_key(channel_id, shard), "connectionId": f"stale-{shard}-{uuid4()}"}
        table("Subscriptions").put_item(Item={**key, "userId": "u-1", "expiresAt": 4_000_000_000})
    return message_sent(channel_id)


def _channel(channel_id: str) -> dict[str, Any]:
    return {"channelId": channel_id, "kind": "private", "name": "tea", "createdAt": AT, "createdBy": "u-1"}


def _change(sent: Event) -> dict[str, Any]:
    data = sent["detail"]["data"]
    return {"messageId": data["messageId"], "channelId": data["channelId"], "seq": 1}


def _dry(prepare: Prepare) -> Prepare:
    return lambda channel_id, process, table: prepare(channel_id, process, table) | {"mode": "dry-run"}


CASES: dict[str, Prepare] = {
    "new message": _new,
    "new message that mentions users": _mentioning,
    "duplicate": _duplicate,
    "duplicate whose row was lost": _lost_original,
    "duplicate of a deleted message": _duplicate_of_deleted,
    "duplicate of an edited message": _duplicate_of_edited,
    "duplicate at whose seq is another message": _other_at_its_seq,
    "message with the id of one in another channel": _id_of_another_channel,
    "edit": _edit,
    "edit that mentions a user": _mentioning_edit,
    "superseded edit": _superseded_edit,
    "deletion": _delete,
    "reaction": _reaction,
    "new channel": _created,
    "member who joined": _joined,
    "member who joined and left since": _joined_and_left,
    "member who left": _left,
    "member who left and joined since": _left_and_joined,
    "message to an unknown channel": _unknown_channel,
    "message whose seq is taken": _taken_seq,
    "malformed message": _malformed,
    "message of a later version": _newer,
    "unknown type": _unknown_type,
    "message to a sharded channel": _sharded,
    "dry run of a new message": _dry(_new),
    "dry run of a stored message": _dry(_duplicate),
    "dry run of a message with the id of one in another channel": _dry(_id_of_another_channel),
    "dry run of an edit": _dry(_edit),
    "dry run of a reaction": _dry(_reaction),
    "dry run of a new channel": _dry(_created),
    "dry run of a member who left": _dry(_left),
    "dry run of a malformed message": _dry(_malformed),
}

CASE_OF_TASK = {
    "FindOriginal": "new message",
    "AssignSequence": "new message",
    "PersistOnce": "new message",
    "LookUpStored": "duplicate",
    "RestoreOriginal": "duplicate whose row was lost",
    "EditMessage": "edit",
    "DeleteMessage": "deletion",
    "SetReaction": "reaction",
    "FindLeaverConnections": "member who left",
    "FindRecipients": "new channel",
    "PostBatch": "new channel",
}
"""For each task that can fail and be repeated, a case that runs it."""
