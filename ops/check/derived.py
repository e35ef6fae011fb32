"""Compare values that are derived from other rows: the counters of a channel, read markers, and names.

Each lower bound or count follows from what is stored, so it is compared whatever the archive holds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ops.events.projection import Projection
from ops.models import Difference
from ops.stage.tables import Tables, name_key

REPAIR = "A redelivery repairs it."


def differences(projected: Projection, tables: Tables) -> Iterator[Difference]:
    """The derived values that are not what the other rows, and the events of read markers, lead to."""
    yield from _last_seqs(tables)
    yield from _member_counts(tables)
    yield from _read_markers(projected, tables)
    yield from _names(tables)


def highest_seqs(tables: Tables) -> dict[str, int]:
    """The highest seq by channelId that any row has: `lastSeq` must never be lower."""
    highest: dict[str, int] = {}
    for rows, name in ((tables.messages, "seq"), (tables.message_ids, "seq"), (tables.members, "readSeq")):
        for row in rows:
            channel_id = str(row["channelId"])
            highest[channel_id] = max(highest.get(channel_id, 0), int(row.get(name) or 0))
    return highest


def _last_seqs(tables: Tables) -> Iterator[Difference]:
    last = {str(row["channelId"]): int(row.get("lastSeq", 0)) for row in tables.channels}
    for channel_id, seq in highest_seqs(tables).items():
        if channel_id in last and last[channel_id] < seq:
            note = f"lastSeq is {last[channel_id]}, but a row with seq {seq} is stored. {REPAIR}"
            repair = ("repair", "channels", channel_id)
            yield Difference(kind="different", table="channels", key=channel_id, note=note, repair=repair)


def _member_counts(tables: Tables) -> Iterator[Difference]:
    members = Counter(str(row["channelId"]) for row in tables.members)
    unreadable = (found.key for found in tables.unreadable if found.table == "members")
    members.update(key.rpartition(" in ")[2] for key in unreadable)
    for row in _channels(tables):
        channel_id, count = str(row["channelId"]), int(row.get("memberCount", 0))
        if count != members[channel_id]:
            note = f"memberCount is {count}, but {members[channel_id]} memberships are stored. {REPAIR}"
            repair = ("repair", "channels", channel_id)
            yield Difference(kind="different", table="channels", key=channel_id, note=note, repair=repair)


def _read_markers(projected: Projection, tables: Tables) -> Iterator[Difference]:
    for row in tables.members:
        key = (str(row["userId"]), str(row["channelId"]))
        read, stored = projected.reads.get(key, 0), int(row.get("readSeq") or 0)
        if stored < read:
            note = f"readSeq is {stored}, but the user has read up to {read}. {REPAIR}"
            yield Difference(kind="different", table="members", key=" in ".join(key), note=note)


def _names(tables: Tables) -> Iterator[Difference]:
    owners = {str(row["channelId"]): row.get("namedChannelId") for row in tables.channels}
    for row in _channels(tables):
        if row.get("kind") != "public" or not row.get("name"):
            continue
        key, channel_id = name_key(str(row["name"])), str(row["channelId"])
        if key not in owners:
            note = f"The name of the channel {channel_id} is not kept unique: its row is missing. {REPAIR}"
            yield Difference(
                kind="missing", table="channels", key=key, note=note, repair=("repair", "channels", key)
            )
        elif owners[key] != channel_id:
            note = f"The channels {owners[key]} and {channel_id} have the same name. Rename one."
            yield Difference(kind="different", table="channels", key=key, note=note)


def _channels(tables: Tables) -> Iterator[Mapping[str, Any]]:
    return (row for row in tables.channels if "kind" in row)
