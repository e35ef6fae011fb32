"""Replay equals database: what the archive says, beside what the tables hold.

Pure: rows in, differences out. Rows older than the archive, and changes newer than what it holds for sure, are not
held against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.events.projection import ProjectedMessage, Projection, latest

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the archive says."""

    kind: str
    table: str
    key: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The rows of the tables that events make."""

    channels: Sequence[Row]
    messages: Sequence[Row]
    message_ids: Sequence[Row]
    reactions: Sequence[Row]
    members: Sequence[Row]


@dataclass
class Comparison:
    """What was compared, and what differs."""

    compared: dict[str, int] = field(default_factory=dict)
    outside: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether replay equals database."""
        return not self.differences


def compare(projected: Projection, tables: Tables, *, since: str, until: str) -> Comparison:
    """Compare. `since` and `until` are the first and last moment that the archive holds for sure."""
    result = Comparison()
    span = _Span(since, until, result)
    result.differences += _messages(projected, tables, span)
    result.differences += _ids(tables)
    result.differences += _order(tables)
    result.differences += _reactions(projected, tables, span)
    result.differences += _members(projected, tables, span)
    result.differences += _owners(projected, tables, span)
    result.differences += _channels(projected, tables, span)
    result.compared = {
        "channels": len(projected.channels),
        "messages": len(projected.messages),
        "reactions": len(projected.reactions),
        "memberships": len(projected.memberships),
    }
    return result


@dataclass(frozen=True)
class _Span:
    since: str
    until: str
    result: Comparison

    def holds(self, *moments: Any) -> bool:
        """Whether all these moments lie where the archive is sure; counts what does not."""
        if all(self.since <= str(moment) < self.until for moment in moments if moment):
            return True
        self.result.outside += 1
        return False


def _messages(projected: Projection, tables: Tables, span: _Span) -> Iterator[Difference]:
    rows = {str(row["messageId"]): row for row in tables.messages}
    for message_id, message in projected.messages.items():
        row = rows.get(message_id)
        if row is None:
            if span.holds(message.sent.sent_at):
                yield Difference("missing", "messages", message_id, "In the archive, but not stored.")
        elif span.holds(row.get("editedAt"), row.get("deletedAt"), message.sent.sent_at):
            yield from _message(message_id, message, row)
    for message_id, row in rows.items():
        if message_id not in projected.messages and span.holds(row["sentAt"]):
            yield Difference("extra", "messages", message_id, "Stored, but no event of the archive sent it.")


def _message(message_id: str, message: ProjectedMessage, row: Row) -> Iterator[Difference]:
    sent = message.sent
    expected = {
        "channelId": sent.channel_id,
        "clientMessageId": sent.client_message_id,
        "senderId": sent.sender.user_id,
        "senderName": sent.sender.display_name,
        "sentAt": sent.sent_at,
        "text": message.text,
    }
    wrong = sorted(name for name, value in expected.items() if row.get(name) != value)
    if bool(row.get("deletedAt")) != message.is_deleted:
        wrong.append("deletedAt")
    elif message.is_deleted:
        if (row.get("deletedAt"), row.get("deletedBy")) not in message.deletions:
            wrong.append("deletedAt")
    elif row.get("editedAt") != message.edited_at:
        wrong.append("editedAt")
    if wrong:
        yield Difference("different", "messages", message_id, f"Stored with another {', '.join(wrong)}.")


def _ids(tables: Tables) -> Iterator[Difference]:
    places = {str(row["messageId"]): (row["channelId"], int(row["seq"])) for row in tables.message_ids}
    stored = {str(row["messageId"]): (row["channelId"], int(row["seq"])) for row in tables.messages}
    for message_id, place in stored.items():
        if message_id not in places:
            yield Difference("missing", "messageIds", message_id, "Its message is stored without its id.")
        elif places[message_id] != place:
            yield Difference("different", "messageIds", message_id, "Its id names another place than its row's.")


def _order(tables: Tables) -> Iterator[Difference]:
    last = {str(row["channelId"]): int(row.get("lastSeq", 0)) for row in tables.channels}
    highest: dict[str, int] = {}
    for row in tables.messages:
        channel_id = str(row["channelId"])
        highest[channel_id] = max(highest.get(channel_id, 0), int(row["seq"]))
    for channel_id, seq in highest.items():
        if last.get(channel_id, 0) < seq:
            yield Difference(
                "different",
                "channels",
                channel_id,
                f"lastSeq is {last.get(channel_id, 0)}, and a seq {seq} is stored.",
            )


def _reactions(projected: Projection, tables: Tables, span: _Span) -> Iterator[Difference]:
    message_at = {(row["channelId"], int(row["seq"])): str(row["messageId"]) for row in tables.messages}
    rows = {}
    for row in tables.reactions:
        message_id = message_at.get((row["channelId"], int(row["seq"])), f"seq {row['seq']}")
        rows[(str(row["channelId"]), message_id, str(row["emoji"]), str(row["userId"]))] = row
    for key, moments in projected.reactions.items():
        found, name = rows.get(key), "/".join(key[:3])
        at = max(moments)
        if found is None:
            if span.holds(at):
                yield Difference("missing", "reactions", name, "In the archive, but not stored.")
        elif span.holds(found["reactedAt"]):
            if found["reactedAt"] != at:
                yield Difference(
                    "different", "reactions", name, f"Stored as of {found['reactedAt']}, last was {at}."
                )
            elif found["present"] not in moments[at]:
                yield Difference("different", "reactions", name, "Stored the other way round.")
    for key, found in rows.items():
        if key not in projected.reactions and span.holds(found["reactedAt"]):
            yield Difference(
                "extra", "reactions", "/".join(key[:3]), "Stored, but no event of the archive made it."
            )


def _members(projected: Projection, tables: Tables, span: _Span) -> Iterator[Difference]:
    rows = {(str(row["userId"]), str(row["channelId"])): row for row in tables.members}
    for (user_id, channel_id), moments in projected.memberships.items():
        found, name = rows.get((user_id, channel_id)), f"{user_id} in {channel_id}"
        is_member = latest(moments)
        if is_member is None or not span.holds(max(moments), found["joinedAt"] if found else None):
            continue
        if is_member and found is None:
            yield Difference("missing", "members", name, "Joined, as the archive says, but not stored.")
        elif not is_member and found is not None and found.get("announced", True):
            yield Difference("extra", "members", name, "Left, as the archive says, but still stored.")
    for (user_id, channel_id), row in rows.items():
        is_known = (user_id, channel_id) in projected.memberships
        if not is_known and row.get("announced", True) and span.holds(row["joinedAt"]):
            yield Difference("extra", "members", f"{user_id} in {channel_id}", "Stored, but nothing tells of it.")


def _owners(projected: Projection, tables: Tables, span: _Span) -> Iterator[Difference]:
    rows: dict[str, list[Row]] = {}
    for row in tables.members:
        rows.setdefault(str(row["channelId"]), []).append(row)
    for channel_id, owners in projected.owners.items():
        found = {str(row["userId"]) for row in rows.get(channel_id, ()) if row.get("role") == "owner"}
        expected = projected.owners_of(channel_id)
        joined = (row["joinedAt"] for row in rows.get(channel_id, ()))
        if (found or expected) and span.holds(*owners, *joined) and not (len(found) == 1 and found <= expected):
            yield Difference(
                "different",
                "members",
                f"the owner of {channel_id}",
                f"Stored is {_named(found)}, the archive says {_named(expected)}.",
            )


def _named(user_ids: set[str]) -> str:
    return " or ".join(sorted(user_ids)) or "nobody"


def _channels(projected: Projection, tables: Tables, span: _Span) -> Iterator[Difference]:
    rows = {str(row["channelId"]): row for row in tables.channels if "kind" in row}
    for channel_id, summary in projected.channels.items():
        row = rows.get(channel_id)
        if row is None:
            if span.holds(summary.created_at):
                yield Difference("missing", "channels", channel_id, "In the archive, but not stored.")
            continue
        expected = {"kind": summary.kind.value, "name": summary.name, "createdBy": summary.created_by}
        wrong = [name for name, value in expected.items() if row.get(name, "") != value]
        if wrong:
            yield Difference("different", "channels", channel_id, f"Stored with another {', '.join(wrong)}.")
    for channel_id, row in rows.items():
        is_known = channel_id in projected.channels
        if not is_known and row.get("announced", True) and span.holds(row["createdAt"]):
            yield Difference("extra", "channels", channel_id, "Stored, but no event of the archive made it.")


def counted(differences: Iterable[Difference]) -> dict[str, int]:
    """How many of each kind."""
    found = {"missing": 0, "different": 0, "extra": 0}
    for difference in differences:
        found[difference.kind] += 1
    return found
