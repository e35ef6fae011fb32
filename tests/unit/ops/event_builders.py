"""Build events as the bus delivers them."""

from typing import Any

from functions.contract.model import timestamp
from ops.events.bus_event import BusEvent
from tests.events import envelope

START_MS = 1_795_500_000_000


def at(offset_ms: int) -> str:
    """The time `offset_ms` after START_MS, in ISO 8601."""
    return timestamp(START_MS + offset_ms)


def bus_event(detail_type: str, data: dict[str, Any], *, offset_ms: int = 0, **more: Any) -> BusEvent:
    """An event with a well-formed envelope. `more` are fields of EventBridge's own."""
    detail = envelope(data, actor="alice", occurred_at=at(offset_ms))
    return BusEvent({"detail-type": detail_type, "detail": detail, **more})


def message_sent(message_id: str, *, offset_ms: int = 0, channel_id: str = "c-1", text: str = "hello") -> BusEvent:
    """Alice sends a message."""
    data = {
        "messageId": message_id,
        "clientMessageId": f"client-{message_id}",
        "channelId": channel_id,
        "sender": {"userId": "alice", "displayName": "Alice"},
        "text": text,
        "sentAt": at(offset_ms),
    }
    return bus_event("MessageSent", data, offset_ms=offset_ms)


def message_edited(message_id: str, seq: int, text: str, *, offset_ms: int, by: str = "alice") -> BusEvent:
    """A user (by default Alice) edits a message."""
    data = {
        "messageId": message_id,
        "channelId": "c-1",
        "seq": seq,
        "text": text,
        "editedBy": by,
        "editedAt": at(offset_ms),
    }
    return bus_event("MessageEdited", data, offset_ms=offset_ms)


def message_deleted(message_id: str, seq: int, *, offset_ms: int) -> BusEvent:
    """Alice deletes a message."""
    data = {
        "messageId": message_id,
        "channelId": "c-1",
        "seq": seq,
        "deletedBy": "alice",
        "deletedAt": at(offset_ms),
    }
    return bus_event("MessageDeleted", data, offset_ms=offset_ms)


def reaction_changed(message_id: str, seq: int, *, offset_ms: int, added: bool, emoji: str = "👍") -> BusEvent:
    """Bob adds or removes a reaction."""
    data = {
        "messageId": message_id,
        "channelId": "c-1",
        "seq": seq,
        "emoji": emoji,
        "userId": "bob",
        "reactedAt": at(offset_ms),
    }
    return bus_event("ReactionAdded" if added else "ReactionRemoved", data, offset_ms=offset_ms)


CHANNEL = {"channelId": "c-1", "kind": "public", "name": "tea", "createdAt": at(0), "createdBy": "alice"}


def channel_created(*, offset_ms: int = 0, kind: str = "public", channel_id: str = "c-1") -> BusEvent:
    """Alice creates a channel."""
    data = {
        "channelId": channel_id,
        "channel": {**CHANNEL, "channelId": channel_id, "kind": kind},
        "userId": "alice",
        "firstMemberIds": ["alice"],
        "changedAt": at(offset_ms),
    }
    return bus_event("ChannelCreated", data, offset_ms=offset_ms)


def membership_changed(
    joined: bool, *, offset_ms: int, user_id: str = "bob", new_owner_id: str | None = None
) -> BusEvent:
    """A user (by default Bob) joins or leaves a channel, which may pass to a new owner."""
    data = {
        "channelId": "c-1",
        "channel": CHANNEL,
        "userId": user_id,
        "displayName": "Bob",
        "changedBy": user_id,
        "changedAt": at(offset_ms),
        **({"newOwnerId": new_owner_id} if new_owner_id else {}),
    }
    return bus_event("MemberJoined" if joined else "MemberLeft", data, offset_ms=offset_ms)
