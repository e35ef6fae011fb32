"""The rows that archived events lead to, as the API and the workflow write them. Pure."""

from collections.abc import Mapping
from typing import Any

from ops.events.projection import ProjectedMessage

Row = dict[str, Any]


def channel(channel_id: str, summary: Mapping[str, Any], counters: Mapping[str, int]) -> Row:
    """The row of a channel, from the summary in its events and the counters of what is stored."""
    row = {
        "channelId": channel_id,
        "kind": summary.get("kind"),
        "name": summary.get("name"),
        "createdAt": summary.get("createdAt"),
        "createdBy": summary.get("createdBy"),
        "memberIds": list(summary.get("memberIds") or ()),
        "announced": True,
    }
    return {name: value for name, value in row.items() if value not in ("", [], None)} | dict(counters)


def member(user_id: str, channel_id: str, *, is_owner: bool, joined_at: str, read_seq: int) -> Row:
    """The row of a membership whose event is on the bus."""
    return {
        "userId": user_id,
        "channelId": channel_id,
        "role": "owner" if is_owner else "member",
        "joinedAt": joined_at,
        "readSeq": read_seq,
        "announced": True,
    }


def message(found: ProjectedMessage, seq: Any, trace_header: str) -> Row:
    """The row of a message after all its events. Only MessageSent knows its trace."""
    sent = found.sent
    row: Row = {
        "channelId": sent.channel_id,
        "seq": seq,
        "messageId": sent.message_id,
        "clientMessageId": sent.client_message_id,
        "senderId": sent.sender.user_id,
        "senderName": sent.sender.display_name,
        "text": found.text,
        "sentAt": sent.sent_at,
        "traceHeader": trace_header,
    }
    if found.mentions:
        row |= {"mentions": list(found.mentions), "mentionSeq": seq}
    if found.edited_at:
        row["editedAt"] = found.edited_at
    if found.deletions:
        row["deletedAt"], row["deletedBy"] = min(found.deletions)
    return row
