"""Restore the rows that a live run of the workflow needs and does not create itself.

The API creates channels and memberships, and the first run of a message assigns its seq. If a replay finds one of
these missing, it is written as the API or the first run wrote it, under the condition that no such row exists.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from functions.contract.rows import ChannelRow, MemberRow, MessageIdRow, MessageRow, fault_of
from functions.contract.shards import shard_of
from functions.contract.text import ERASED_NAME
from ops import times
from ops.events.bus_event import BusEvent
from ops.events.projection import ProjectedMessage, Projection
from ops.replay import stored_rows
from ops.replay.counters import Counters
from ops.runs.run_log import RunLog
from ops.stage import tables
from ops.stage.conditional_writes import write_if
from ops.stage.stage import Stage


@dataclass
class Restorer:
    """Prepares a stage for events that are about to run live. Thread-safe."""

    stage: Stage
    seqs: dict[str, int] = field(default_factory=dict)
    """The seq by message id, as far as an export or later changes contain it."""
    look_in_log: bool = True
    projected: Projection = field(default_factory=Projection)
    """The state that all events lead to."""
    _stored_seqs: dict[str, dict[str, int]] = field(default_factory=dict)
    _current_seqs: dict[str, int] = field(default_factory=dict)
    _counters: Counters = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Count what is stored with the stage's tables."""
        self._counters = Counters(self.stage, self.projected.reads)

    def restore_derived(self, channel_ids: Iterable[str]) -> None:
        """Set the counters and names of channels, and the read markers of their members, to what is stored."""
        for channel_id in channel_ids:
            self._counters.restore(channel_id)

    def prepare(self, event: BusEvent) -> None:
        """Restore the rows that the run of this event needs."""
        with self._lock:
            if event.detail_type == "ChannelCreated":
                self._restore_channel(event)
                for user_id in event.data.get("firstMemberIds") or ():
                    self._restore_member(str(user_id), event)
            elif event.detail_type == "MemberJoined" and event.user_id:
                self._restore_channel(event)
                self._restore_member(event.user_id, event)
            elif event.detail_type == "MessageSent":
                self._restore_seq(event)
                self._restore_message(event)
            elif event.detail_type in ("MessageEdited", "MessageDeleted"):
                self._restore_message(event)

    def with_current_seq(self, event: BusEvent) -> BusEvent:
        """A change of a message, with the seq under which the message is stored now; other events unchanged."""
        if event.detail_type == "MessageSent" or not event.message_id or "seq" not in event.data:
            return event
        with self._lock:
            if event.message_id not in self._current_seqs:
                found = tables.seqs(self.stage, [event.message_id])
                if event.message_id not in found:
                    return event
                self._current_seqs.update(found)
            seq = self._current_seqs[event.message_id]
        if seq == event.data["seq"]:
            return event
        detail = event.raw["detail"]
        return BusEvent({**event.raw, "detail": {**detail, "data": {**detail["data"], "seq": seq}}})

    def _restore_channel(self, event: BusEvent) -> None:
        summary = event.data.get("channel") or {}
        table = self.stage.table("Channels")
        stored = next(tables.batch_get(self.stage, "Channels", [{"channelId": event.channel_id}]), None)
        if stored is None:
            # A new message must get none of the numbers that are stored already.
            counters = self._counters.of(str(event.channel_id))
            row = stored_rows.channel(str(event.channel_id), summary, counters)
            write_if(table.put_item, Item=row, ConditionExpression="attribute_not_exists(channelId)")
        elif fault_of(ChannelRow, stored) is not None:
            counters = self._counters.of(str(event.channel_id), at_least=stored.get("lastSeq"))
            write_if(
                table.put_item,
                Item=stored_rows.channel(str(event.channel_id), summary, counters),
                ConditionExpression="lastSeq = :lastSeq OR NOT attribute_type(lastSeq, :number)",
                ExpressionAttributeValues={":lastSeq": stored.get("lastSeq", 0), ":number": "N"},
            )

    def _restore_member(self, user_id: str, event: BusEvent) -> None:
        channel_id = str(event.channel_id)
        if not self.projected.is_member(user_id, channel_id):
            return  # the user left later
        client = self.stage.resource("dynamodb").meta.client
        # The user may have left and joined again since this event.
        joined_at = max(self.projected.memberships[user_id, channel_id])
        row = stored_rows.member(
            user_id,
            channel_id,
            is_owner=user_id in self.projected.owners_of(channel_id),
            joined_at=joined_at,
            read_seq=self._counters.read_seq(user_id, channel_id, joined_at=joined_at),
        )
        key = {"userId": user_id, "channelId": channel_id}
        damaged = next(tables.batch_get(self.stage, "Members", [key]), None)
        if damaged is not None and fault_of(MemberRow, damaged) is not None:
            self.stage.table("Members").put_item(Item=row)
            # A connection that was opened meanwhile found no membership that it could read.
            subscribe(self.stage, user_id, channel_id)
            return
        members = self.stage.output("Data", "MembersTableName")
        channels = self.stage.output("Data", "ChannelsTableName")
        put = {"TableName": members, "Item": row, "ConditionExpression": "attribute_not_exists(userId)"}
        count = {
            "TableName": channels,
            "Key": {"channelId": channel_id},
            "UpdateExpression": "ADD memberCount :one",
            "ConditionExpression": "attribute_exists(channelId)",
            "ExpressionAttributeValues": {":one": 1},
        }
        if write_if(client.transact_write_items, TransactItems=[{"Put": put}, {"Update": count}]):
            subscribe(self.stage, user_id, channel_id)

    def _restore_seq(self, event: BusEvent) -> None:
        """Reserve the former seq of a lost message in `messageIds`, so that its run stores the message there."""
        message_id, channel_id = str(event.message_id), str(event.channel_id)
        if next(tables.message_ids(self.stage, [message_id]), None) is not None:
            return
        stored = self._stored_seqs_in(channel_id)
        seq = stored.get(message_id) or self.seqs.get(message_id) or self._seq_in_log(event)
        if seq is None:
            return
        if seq in stored.values() and stored.get(message_id) != seq:
            return  # another message has this seq: the run assigns a new one, and `with_current_seq` applies it
        client = self.stage.resource("dynamodb").meta.client
        put = {
            "TableName": self.stage.output("Data", "MessageIdsTableName"),
            "Item": {"messageId": message_id, "channelId": channel_id, "seq": seq},
            "ConditionExpression": "attribute_not_exists(messageId)",
        }
        if write_if(client.put_item, **put):
            stored[message_id] = seq
            write_if(
                self.stage.table("Channels").update_item,
                Key={"channelId": channel_id},
                UpdateExpression="SET lastSeq = :seq",
                ConditionExpression="attribute_exists(channelId) AND lastSeq < :seq",
                ExpressionAttributeValues={":seq": seq},
            )

    def _restore_message(self, event: BusEvent) -> None:
        """Store a message whose row is lost or cannot be read as all its events leave it, before its run.

        The run then posts what is stored. Without this it would store and post the text from before an edit or a
        deletion.
        """
        message = self.projected.messages.get(str(event.message_id))
        place = next(tables.message_ids(self.stage, [str(event.message_id)]), None)
        if message is None or place is None or fault_of(MessageIdRow, place) is not None:
            return
        key = {"channelId": place["channelId"], "seq": place["seq"]}
        stored = next(tables.batch_get(self.stage, "Messages", [key]), None)
        if stored is not None and (
            fault_of(MessageRow, stored) is None or stored.get("messageId") not in (None, event.message_id)
        ):
            return
        write_if(
            self.stage.table("Messages").put_item,
            Item={**message_row(self.stage, message, key["seq"], _trace_header(event)), **key},
            ConditionExpression="attribute_not_exists(seq)" if stored is None else "attribute_exists(seq)",
        )

    def _stored_seqs_in(self, channel_id: str) -> dict[str, int]:
        """The seq by message id of all stored messages of a channel; read once."""
        if channel_id not in self._stored_seqs:
            rows = tables.read(self.stage, channel_id).messages
            self._stored_seqs[channel_id] = {str(row["messageId"]): int(row["seq"]) for row in rows}
        return self._stored_seqs[channel_id]

    def _seq_in_log(self, event: BusEvent) -> int | None:
        """The seq that the first run assigned, from the workflow's log; None if it is not there."""
        if not self.look_in_log or not event.occurred_ms:
            return None
        runs = RunLog(self.stage).about(
            str(event.message_id),
            since_ms=event.occurred_ms - 1_000,
            until_ms=min(event.occurred_ms + 60_000, times.now()),
        )
        return next(
            (run.seq for run in runs if run.mode == "live" and run.outcome == "delivered" and run.seq), None
        )


def subscribe(stage: Stage, user_id: str, channel_id: str) -> None:
    """Subscribe the user's open connections to the channel. Connections that cannot be read are left out."""
    subscriptions = stage.table("Subscriptions")
    shards = tables.shards(stage, [channel_id])[channel_id] or 1
    # Strongly consistent, because a connection that was opened before the membership was written relies on it.
    of_user = tables.key_equals("userId", user_id)
    rows = tables.paginate(stage.table("Connections").query, KeyConditionExpression=of_user, ConsistentRead=True)
    for row in rows:
        if tables.fault("connections", row) is None:
            subscription = {name: row[name] for name in ("connectionId", "userId", "expiresAt")}
            shard = shard_of(channel_id, str(row["connectionId"]), shards)
            subscriptions.put_item(Item={"channelId": shard, **subscription})


def message_row(stage: Stage, message: ProjectedMessage, seq: Any, trace_header: str) -> dict[str, Any]:
    """The row of a message after all its events, without the name of an author who was erased since."""
    row = stored_rows.message(message, seq, trace_header)
    if row.get("deletedAt"):
        keys = tables.batch_get(stage, "TextKeys", [{"userId": row["senderId"]}])
        if any(key.get("erasedAt") for key in keys):
            row["senderName"] = ERASED_NAME
    return row


def _trace_header(event: BusEvent) -> str:
    """The trace of a message; only MessageSent knows it."""
    return str(event.metadata.get("traceHeader") or "") if event.detail_type == "MessageSent" else ""
