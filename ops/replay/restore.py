"""Put back what a live run of the workflow needs and does not make itself.

The API writes channels and memberships, and a message's place is given once. Where a replay finds one of these
missing it is written as the API, or the first run, wrote it: under a condition that nothing is there.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from ops import times
from ops.events.bus_event import BusEvent
from ops.events.projection import Projection
from ops.runs.run_log import RunLog
from ops.stage import tables
from ops.stage.stage import Stage

CANCELLED = ("TransactionCanceledException", "ConditionalCheckFailedException")


@dataclass
class Restorer:
    """Prepares a stage for the events that are about to run live. Threads may share it."""

    stage: Stage
    seqs: dict[str, int] = field(default_factory=dict)
    """Where messages were, as far as an export or later changes tell."""
    look_in_log: bool = True
    memberships: Projection = field(default_factory=Projection)
    """What the events say of who is in a channel in the end, and whose it is."""
    _stored: dict[str, dict[str, int]] = field(default_factory=dict)
    _moved: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, event: BusEvent) -> None:
        """Make ready for one event."""
        with self._lock:
            if event.detail_type == "ChannelCreated":
                self._channel(event)
                for user_id in event.data.get("firstMemberIds") or ():
                    self._member(str(user_id), event)
            elif event.detail_type == "MemberJoined" and event.user_id:
                self._channel(event)
                self._member(event.user_id, event)
            elif event.detail_type == "MessageSent":
                self._message(event)

    def placed(self, event: BusEvent) -> BusEvent:
        """A change to a message at the place that the message has here; other events as they are."""
        if event.detail_type == "MessageSent" or not event.message_id or "seq" not in event.data:
            return event
        with self._lock:
            return self._at_its_place(event)

    def _channel(self, event: BusEvent) -> None:
        summary = event.data.get("channel") or {}
        row = {
            "channelId": event.channel_id,
            "kind": summary.get("kind"),
            "name": summary.get("name"),
            "createdAt": summary.get("createdAt"),
            "createdBy": summary.get("createdBy"),
            "memberIds": list(summary.get("memberIds") or ()),
            "memberCount": 0,
            "lastSeq": 0,
            "announced": True,
        }
        kept = {name: value for name, value in row.items() if value not in ("", [], None)}
        _unless_there(
            tables.table(self.stage, "Channels").put_item,
            Item=kept,
            ConditionExpression="attribute_not_exists(channelId)",
        )

    def _member(self, user_id: str, event: BusEvent) -> None:
        channel_id = str(event.channel_id)
        if not self.memberships.is_member(user_id, channel_id):
            return  # has left since
        role = "owner" if user_id in self.memberships.owners_of(channel_id) else "member"
        client = self.stage.resource("dynamodb").meta.client
        row = {
            "userId": user_id,
            "channelId": channel_id,
            "role": role,
            "joinedAt": event.data.get("changedAt"),
            "readSeq": 0,
            "announced": True,
        }
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
        if _unless_there(client.transact_write_items, TransactItems=[{"Put": put}, {"Update": count}]):
            self._subscribe(user_id, channel_id)

    def _subscribe(self, user_id: str, channel_id: str) -> None:
        """Whoever is connected receives from now on."""
        connections = tables.table(self.stage, "Connections")
        subscriptions = tables.table(self.stage, "Subscriptions")
        for row in tables.paginate(connections.query, KeyConditionExpression=Key("userId").eq(user_id)):
            subscription = {name: row[name] for name in ("connectionId", "userId", "expiresAt")}
            subscriptions.put_item(Item={"channelId": channel_id, **subscription})

    def _message(self, event: BusEvent) -> None:
        """Remember for a message that is lost where it was, so that its run puts it there."""
        message_id, channel_id = str(event.message_id), str(event.channel_id)
        if next(tables.message_ids(self.stage, [message_id]), None) is not None:
            return
        stored = self._stored_in(channel_id)
        place = stored.get(message_id) or self.seqs.get(message_id) or self._logged(event)
        if place is None:
            return
        if place in stored.values() and stored.get(message_id) != place:
            return  # another message is there: this one goes to the end, and its changes follow it
        client = self.stage.resource("dynamodb").meta.client
        put = {
            "TableName": self.stage.output("Data", "MessageIdsTableName"),
            "Item": {"messageId": message_id, "channelId": channel_id, "seq": place},
            "ConditionExpression": "attribute_not_exists(messageId)",
        }
        if _unless_there(client.put_item, **put):
            stored[message_id] = place
            _unless_there(
                tables.table(self.stage, "Channels").update_item,
                Key={"channelId": channel_id},
                UpdateExpression="SET lastSeq = :seq",
                ConditionExpression="attribute_exists(channelId) AND lastSeq < :seq",
                ExpressionAttributeValues={":seq": place},
            )

    def _stored_in(self, channel_id: str) -> dict[str, int]:
        """The places that are taken in a channel, read once."""
        if channel_id not in self._stored:
            rows = tables.read(self.stage, channel_id).messages
            self._stored[channel_id] = {str(row["messageId"]): int(row["seq"]) for row in rows}
        return self._stored[channel_id]

    def _logged(self, event: BusEvent) -> int | None:
        """The place that the first run gave it, as the workflow's log tells."""
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

    def _at_its_place(self, event: BusEvent) -> BusEvent:
        """A change names its message's seq; where the message got another one here, the change follows it."""
        message_id = str(event.message_id)
        if message_id not in self._moved:
            row = next(tables.message_ids(self.stage, [message_id]), None)
            if row is None:
                return event
            self._moved[message_id] = int(row["seq"])
        if self._moved[message_id] == event.data["seq"]:
            return event
        detail = event.raw["detail"]
        data = {**detail["data"], "seq": self._moved[message_id]}
        return BusEvent({**event.raw, "detail": {**detail, "data": data}})


def _unless_there(call: Any, **arguments: Any) -> bool:
    """Write under a condition. False if the condition did not hold."""
    try:
        call(**arguments)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] not in CANCELLED:
            raise
        return False
    return True
