"""Compare projected events with the rows of the tables: replay equals database.

Pure: it takes rows and returns differences. Rows from outside the time range in which the archive is complete are
counted and not compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.contract.events import MessageSent
from functions.contract.text import ERASED_NAME
from ops.check import derived
from ops.events.projection import ProjectedMessage, Projection, latest
from ops.models import Difference, DifferenceKind
from ops.stage.tables import Tables, Unreadable

Row = Mapping[str, Any]
NOT_STORED = "The archive has its event, but it is not stored."
NO_EVENT = "It is stored, but the archive has no event for it."
OWNER_OF = "the owner of "


@dataclass
class Comparison:
    """The number of projected items by kind, and the differences."""

    compared: dict[str, int] = field(default_factory=dict)
    outside: int = 0
    """The number of items that were not compared, because the archive may not hold all their events."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def compare(projected: Projection, tables: Tables, *, since: str, until: str) -> Comparison:
    """Compare. The archive is complete from `since` (inclusive) to `until` (exclusive), both ISO 8601."""
    comparison = Comparison(
        compared={
            "channels": len(projected.channels),
            "messages": len(projected.messages),
            "reactions": len(projected.reactions),
            "memberships": len(projected.memberships),
        }
    )
    time_range = _TimeRange(since, until, comparison)
    comparison.differences += _messages(projected, tables, time_range)
    comparison.differences += _message_ids(tables)
    comparison.differences += derived.differences(projected, tables)
    comparison.differences += _reactions(projected, tables, time_range)
    comparison.differences += _members(projected, tables, time_range)
    comparison.differences += _owners(projected, tables, time_range)
    comparison.differences += _channels(projected, tables, time_range)
    unreadable = {(found.table, found.key) for found in tables.unreadable}
    comparison.differences = [
        found
        for found in comparison.differences
        if found.kind != "missing" or (found.table, found.key) not in unreadable
    ]
    comparison.differences += map(_unreadable, tables.unreadable)
    return comparison


@dataclass(frozen=True)
class _TimeRange:
    since: str
    until: str
    comparison: Comparison

    def includes(self, *times: Any) -> bool:
        """Whether all times (None is ignored) are in the range. Counts a False in `Comparison.outside`."""
        if all(self.since <= str(time) < self.until for time in times if time):
            return True
        self.comparison.outside += 1
        return False


def _messages(projected: Projection, tables: Tables, time_range: _TimeRange) -> Iterator[Difference]:
    rows = {str(row["messageId"]): row for row in tables.messages}
    unreadable = {found.message_id for found in tables.unreadable if found.table == "messages"}
    for message_id, message in projected.messages.items():
        if message_id in unreadable:
            continue
        row = rows.get(message_id)
        if row is None:
            if time_range.includes(message.sent.sent_at):
                yield difference("missing", "messages", message_id, NOT_STORED)
        elif time_range.includes(row.get("editedAt"), row.get("deletedAt"), message.sent.sent_at):
            yield from _message(message_id, message, row)
    for message_id, row in rows.items():
        if message_id not in projected.messages and time_range.includes(row["sentAt"]):
            yield difference("extra", "messages", message_id, NO_EVENT)


def _message(message_id: str, message: ProjectedMessage, row: Row) -> Iterator[Difference]:
    wrong = min((_wrong_fields(message, sent, row) for sent in (message.sent, *message.repeats)), key=len)
    if wrong:
        yield difference("different", "messages", message_id, f"The stored row differs in: {', '.join(wrong)}.")


def _wrong_fields(message: ProjectedMessage, sent: MessageSent, row: Row) -> list[str]:
    """The fields of a stored message that are not as they must be, if this one of its events was stored."""
    expected = {
        "channelId": sent.channel_id,
        "clientMessageId": sent.client_message_id,
        "senderId": sent.sender.user_id,
        "senderName": sent.sender.display_name,
        "sentAt": sent.sent_at,
        "text": message.text_after(sent),
    }
    if is_erased(row):
        del expected["senderName"]
    wrong = sorted(name for name, value in expected.items() if row.get(name) != value)
    if bool(row.get("deletedAt")) != message.is_deleted:
        wrong.append("deletedAt")
    elif message.is_deleted:
        if (row.get("deletedAt"), row.get("deletedBy")) not in message.deletions:
            wrong.append("deletedAt")
    elif row.get("editedAt") != message.edited_at:
        wrong.append("editedAt")
    return wrong


def difference(kind: DifferenceKind, table: str, key: str, note: str) -> Difference:
    """A row that differs from the projected events."""
    return Difference(kind=kind, table=table, key=key, note=note)


def _unreadable(found: Unreadable) -> Difference:
    return Difference(
        kind="unreadable",
        table=found.table,
        key=found.key,
        note=f"The row cannot be read ({found.fault}).",
        repair=found.repair,
    )


def is_erased(row: Row) -> bool:
    """Whether the row is of a message of an erased user, whose name is no longer that of the event."""
    return bool(row.get("deletedAt")) and row.get("senderName") == ERASED_NAME


def _message_ids(tables: Tables) -> Iterator[Difference]:
    by_id = {str(row["messageId"]): (row["channelId"], int(row["seq"])) for row in tables.message_ids}
    stored = {str(row["messageId"]): (row["channelId"], int(row["seq"])) for row in tables.messages}
    for message_id, position in stored.items():
        if message_id not in by_id:
            yield difference("missing", "messageIds", message_id, "The message is stored, but not its id.")
        elif by_id[message_id] != position:
            note = "Its channel or seq differs from that of the message."
            yield difference("different", "messageIds", message_id, note)


def _reactions(projected: Projection, tables: Tables, time_range: _TimeRange) -> Iterator[Difference]:
    message_at = {
        (row["channelId"], int(row["seq"])): str(row["messageId"])
        for row in (*tables.message_ids, *tables.messages)
    }
    rows = {}
    for row in tables.reactions:
        message_id = message_at.get((row["channelId"], int(row["seq"])), f"seq {row['seq']}")
        rows[(str(row["channelId"]), message_id, str(row["emoji"]), str(row["userId"]))] = row
    for key, moments in projected.reactions.items():
        stored, name = rows.get(key), "/".join(key[:3])
        at = max(moments)
        if stored is None:
            if time_range.includes(at):
                yield difference("missing", "reactions", name, NOT_STORED)
        elif time_range.includes(stored["reactedAt"]):
            if stored["reactedAt"] != at:
                note = f"The stored reactedAt is {stored['reactedAt']}; the latest event is of {at}."
                yield difference("different", "reactions", name, note)
            elif stored["present"] not in moments[at]:
                note = (
                    f"The stored `present` is {stored['present']}; the latest event sets {not stored['present']}."
                )
                yield difference("different", "reactions", name, note)
    for key, row in rows.items():
        if key not in projected.reactions and time_range.includes(row["reactedAt"]):
            yield difference("extra", "reactions", "/".join(key[:3]), NO_EVENT)


def _members(projected: Projection, tables: Tables, time_range: _TimeRange) -> Iterator[Difference]:
    rows = {(str(row["userId"]), str(row["channelId"])): row for row in tables.members}
    for (user_id, channel_id), moments in projected.memberships.items():
        name, is_member = f"{user_id} in {channel_id}", latest(moments)
        row = rows.get((user_id, channel_id))
        if is_member is None or not time_range.includes(max(moments), row["joinedAt"] if row else None):
            continue
        if is_member and row is None:
            yield difference("missing", "members", name, "The user joined, but the membership is not stored.")
        elif not is_member and row is not None and row.get("announced", True):
            yield difference("extra", "members", name, "The user left, but the membership is still stored.")
    for (user_id, channel_id), stored in rows.items():
        is_known = (user_id, channel_id) in projected.memberships
        if not is_known and stored.get("announced", True) and time_range.includes(stored["joinedAt"]):
            yield difference("extra", "members", f"{user_id} in {channel_id}", NO_EVENT)


def _owners(projected: Projection, tables: Tables, time_range: _TimeRange) -> Iterator[Difference]:
    rows: dict[str, list[Row]] = {}
    for row in tables.members:
        rows.setdefault(str(row["channelId"]), []).append(row)
    for channel_id, owners in projected.owners.items():
        stored = {str(row["userId"]) for row in rows.get(channel_id, ()) if row.get("role") == "owner"}
        expected = projected.owners_of(channel_id)
        joined = (row["joinedAt"] for row in rows.get(channel_id, ()))
        is_expected = len(stored) == 1 and stored <= expected
        if (stored or expected) and time_range.includes(*owners, *joined) and not is_expected:
            note = f"Stored: {_listed(stored)}. By the archive's events: {_listed(expected)}."
            yield difference("different", "members", f"{OWNER_OF}{channel_id}", note)


def _listed(user_ids: set[str]) -> str:
    return " or ".join(sorted(user_ids)) or "no owner"


def _channels(projected: Projection, tables: Tables, time_range: _TimeRange) -> Iterator[Difference]:
    rows = {str(row["channelId"]): row for row in tables.channels if "kind" in row}
    for channel_id, summary in projected.channels.items():
        row = rows.get(channel_id)
        if row is None:
            if time_range.includes(summary.created_at):
                yield difference("missing", "channels", channel_id, NOT_STORED)
            continue
        expected = {"kind": summary.kind.value, "name": summary.name, "createdBy": summary.created_by}
        if wrong := [name for name, value in expected.items() if row.get(name, "") != value]:
            note = f"The stored row differs in: {', '.join(wrong)}."
            yield difference("different", "channels", channel_id, note)
    for channel_id, row in rows.items():
        is_known = channel_id in projected.channels
        if not is_known and row.get("announced", True) and time_range.includes(row["createdAt"]):
            yield difference("extra", "channels", channel_id, NO_EVENT)


def channels_of_lost_members(differences: Iterable[Difference]) -> set[str]:
    """The channels of members who are not stored, or of another owner: the archive may not know yet who left."""
    return {
        found.key.removeprefix(OWNER_OF).rpartition(" in ")[2]
        for found in differences
        if found.table == "members" and (found.kind == "missing" or found.key.startswith(OWNER_OF))
    }


def counted(differences: Iterable[Difference]) -> dict[str, int]:
    """The number of differences of each kind."""
    counts = {"missing": 0, "different": 0, "extra": 0, "unreadable": 0}
    for difference in differences:
        counts[difference.kind] += 1
    return counts
