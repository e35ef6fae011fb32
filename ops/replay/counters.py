"""Restore values that are derived from other rows, from what is stored, and never lower than that.

A channel's `lastSeq` is at least the highest seq of its messages, of the ids of its messages and of its members'
read markers; `memberCount` is the number of its memberships. A read marker is at least where the archived events
put it.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ops.stage import tables
from ops.stage.conditional_writes import write_if
from ops.stage.stage import Stage
from ops.stage.tables import Row, name_key

ATTEMPTS = 5
"""How often a counter is counted again that another writer changed in between."""
INDEX_SECONDS = 2.0
"""On AWS: within this time, the index of a channel's members has those who joined before. It lags by a fraction of
a second: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html"""


@dataclass
class Counters:
    """The derived values of one stage. `reads` is the furthest read marker by userId and channelId."""

    stage: Stage
    reads: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def of(self, channel_id: str, *, at_least: Any = 0) -> dict[str, int]:
        """The counters of a channel: `lastSeq`, not below `at_least` if that is a number, and `memberCount`."""
        members = self._members(channel_id)
        seqs = [self._highest_message(channel_id), self._highest_ids.get(channel_id, 0), tables.number(at_least)]
        seqs += [tables.number(row.get("readSeq")) for row in members]
        return {"lastSeq": max(seqs), "memberCount": len(members)}

    def of_stored(self, channel_id: str, channel: Row) -> dict[str, int]:
        """The counters of a channel whose row was read before, and must be as it was when they are written.

        If the row counts other members than the index lists, they are listed again when the index is current.
        """
        counters = self.of(channel_id, at_least=channel.get("lastSeq"))
        if counters["memberCount"] == channel.get("memberCount") or self.stage.is_local:
            return counters
        time.sleep(INDEX_SECONDS)
        return self.of(channel_id, at_least=channel.get("lastSeq"))

    def read_seq(self, user_id: str, channel_id: str, *, joined_at: str) -> int:
        """The read marker of a member whose row was lost: what was sent before they joined counts as read."""
        before = max((seq for seq, sent_at in self._sent(channel_id) if sent_at <= joined_at), default=0)
        return max(before, self.reads.get((user_id, channel_id), 0))

    def restore(self, channel_id: str) -> None:
        """Set the counters of a stored channel, its members' read markers, and the row of its name."""
        for _ in range(ATTEMPTS):
            channel = next(tables.batch_get(self.stage, "Channels", [{"channelId": channel_id}]), None)
            if channel is None or self._set_counters(channel_id, channel):
                break
        if channel is None:
            return
        for row in self._members(channel_id):
            self._raise_read_marker(row)
        if channel.get("kind") == "public" and isinstance(channel.get("name"), str) and channel["name"]:
            write_if(
                self.stage.table("Channels").put_item,
                Item={"channelId": name_key(channel["name"]), "namedChannelId": channel_id},
                ConditionExpression="attribute_not_exists(channelId)",
            )

    def _set_counters(self, channel_id: str, channel: Row) -> bool:
        """Set what differs, unless it was changed in between: then returns False.

        Each message changes `lastSeq`, which must not prevent that the members are counted.
        """
        counters = self.of_stored(channel_id, channel)
        differing = [name for name, value in counters.items() if channel.get(name, 0) != value]
        if not differing:
            return True
        conditions, values = [], {f":{name}": counters[name] for name in differing}
        for name in differing:
            if name in channel:
                conditions.append(f"{name} = :old{name}")
                values[f":old{name}"] = channel[name]
            else:
                conditions.append(f"attribute_not_exists({name})")
        return write_if(
            self.stage.table("Channels").update_item,
            Key={"channelId": channel_id},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in differing),
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeValues=values,
        )

    def _raise_read_marker(self, row: Row) -> None:
        read = self.reads.get((str(row["userId"]), str(row["channelId"])), 0)
        if tables.number(row.get("readSeq")) < read:
            write_if(
                self.stage.table("Members").update_item,
                Key={"userId": row["userId"], "channelId": row["channelId"]},
                UpdateExpression="SET readSeq = :seq",
                ConditionExpression="attribute_exists(userId) AND NOT readSeq >= :seq",
                ExpressionAttributeValues={":seq": read},
            )

    def _members(self, channel_id: str) -> list[Row]:
        query = self.stage.table("Members").query
        listed = tables.paginate(
            query, IndexName="byChannel", KeyConditionExpression=tables.key_equals("channelId", channel_id)
        )
        keys = [{"userId": row["userId"], "channelId": channel_id} for row in listed]
        return list(tables.batch_get(self.stage, "Members", keys))

    def _highest_message(self, channel_id: str) -> int:
        newest = self.stage.table("Messages").query(
            KeyConditionExpression=tables.key_equals("channelId", channel_id),
            ScanIndexForward=False,
            Limit=1,
            ConsistentRead=True,
        )["Items"]
        return int(newest[0]["seq"]) if newest else 0

    def _sent(self, channel_id: str) -> list[tuple[int, str]]:
        rows = tables.paginate(
            self.stage.table("Messages").query,
            KeyConditionExpression=tables.key_equals("channelId", channel_id),
            ProjectionExpression="seq, sentAt",
            ConsistentRead=True,
        )
        return [(int(row["seq"]), str(row["sentAt"])) for row in rows if "sentAt" in row]

    @cached_property
    def _highest_ids(self) -> dict[str, int]:
        """The highest seq by channel of the table `messageIds`, which has no index by channel."""
        segments = tables.scan_segments(
            self.stage, "MessageIds", _highest_by_channel, ProjectionExpression="channelId, seq"
        )
        channel_ids = {channel_id for highest in segments for channel_id in highest}
        return {each: max(highest.get(each, 0) for highest in segments) for each in channel_ids}


def _highest_by_channel(rows: Iterable[Row]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for row in rows:
        channel_id = str(row.get("channelId"))
        highest[channel_id] = max(highest.get(channel_id, 0), tables.number(row.get("seq")))
    return highest
