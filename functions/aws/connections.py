"""The tables of connections and of their subscriptions: who is reachable, and in which channels.

A connection is written before its subscriptions and a membership before its own, each reading the other's
table strongly consistent afterwards: whichever comes second sees the first, so none is missed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from functions.aws import members
from functions.aws.clients import table

CONNECTION_SECONDS = 2 * 60 * 60
"""API Gateway ends a connection after two hours (its quota, which cannot be raised)."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One socket of a user. It counts until `expires_at`, seconds since the epoch."""

    user_id: str
    connection_id: str
    expires_at: int
    session_id: str = ""
    """Known where the connection's own row was read; subscriptions do not say."""


OPENING_MS = 10_000
"""How long after `$connect` a post may still be answered 410 because the handshake has not ended."""


def expiry(*, now_ms: int, session_expires_at_ms: int) -> int:
    """When a connection opened now stops counting: at its two hours, or when its session ends."""
    return min(now_ms // 1000 + CONNECTION_SECONDS, session_expires_at_ms // 1000)


def register(
    connection: Connection,
    *,
    connections_table: str,
    subscriptions_table: str,
    members_table: str,
    now_ms: int,
) -> None:
    """Store a connection and subscribe it to its user's channels."""
    table(connections_table).put_item(
        Item={
            "userId": connection.user_id,
            "connectionId": connection.connection_id,
            "sessionId": connection.session_id,
            "expiresAt": connection.expires_at,
            "openedAt": now_ms,
        }
    )
    channels = {membership.channel_id for membership in members.of_user(members_table, connection.user_id)}
    subscribe(subscriptions_table, channels, [connection])
    # Whoever was removed from a channel meanwhile must not keep the subscription just written.
    remaining = {membership.channel_id for membership in members.of_user(members_table, connection.user_id)}
    unsubscribe(subscriptions_table, channels - remaining, [connection.connection_id])


def forget(
    user_id: str, connection_id: str, *, connections_table: str, subscriptions_table: str, members_table: str
) -> bool:
    """Delete a connection and its subscriptions. False if somebody did so before."""
    key = {"userId": user_id, "connectionId": connection_id}
    found = table(connections_table).delete_item(Key=key, ReturnValues="ALL_OLD").get("Attributes")
    channels = [membership.channel_id for membership in members.of_user(members_table, user_id)]
    unsubscribe(subscriptions_table, channels, [connection_id])
    return found is not None


def of_user(connections_table: str, user_id: str, *, now_ms: int) -> Iterator[Connection]:
    """A user's connections that still count, strongly consistent."""
    start: dict[str, Any] = {}
    while True:
        page = table(connections_table).query(
            KeyConditionExpression=Key("userId").eq(user_id),
            FilterExpression=Attr("expiresAt").gt(now_ms // 1000),
            ConsistentRead=True,
            **start,
        )
        for row in page["Items"]:
            yield Connection(
                user_id=user_id,
                connection_id=str(row["connectionId"]),
                session_id=str(row["sessionId"]),
                expires_at=int(str(row["expiresAt"])),
            )
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def subscribe(subscriptions_table: str, channels: Iterable[str], connections: Iterable[Connection]) -> None:
    """Make connections recipients of channels."""
    opened = list(connections)
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id in channels:
            for connection in opened:
                batch.put_item(
                    Item={
                        "channelId": channel_id,
                        "connectionId": connection.connection_id,
                        "userId": connection.user_id,
                        "expiresAt": connection.expires_at,
                    }
                )


def unsubscribe(subscriptions_table: str, channels: Iterable[str], connection_ids: Iterable[str]) -> None:
    """Make connections recipients of channels no longer."""
    closed = list(connection_ids)
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id in channels:
            for connection_id in closed:
                batch.delete_item(Key={"channelId": channel_id, "connectionId": connection_id})


def subscribers(subscriptions_table: str, channel_id: str, *, now_ms: int) -> Iterator[Connection]:
    """The connections that a channel's frames go to."""
    start: dict[str, Any] = {}
    while True:
        page = table(subscriptions_table).query(
            KeyConditionExpression=Key("channelId").eq(channel_id),
            FilterExpression=Attr("expiresAt").gt(now_ms // 1000),
            ConsistentRead=True,
            **start,
        )
        for row in page["Items"]:
            yield Connection(
                user_id=str(row["userId"]),
                connection_id=str(row["connectionId"]),
                expires_at=int(str(row["expiresAt"])),
            )
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def is_opening(connections_table: str, user_id: str, connection_id: str, *, now_ms: int) -> bool:
    """Whether a connection is so young that a 410 means that it is not open yet, rather than gone."""
    key = {"userId": user_id, "connectionId": connection_id}
    row = table(connections_table).get_item(Key=key, ConsistentRead=True).get("Item")
    return row is not None and now_ms - int(str(row["openedAt"])) < OPENING_MS


def subscriber(subscriptions_table: str, channel_id: str, connection_id: str) -> str | None:
    """The userId behind a subscription, if it is still there."""
    key = {"channelId": channel_id, "connectionId": connection_id}
    row = table(subscriptions_table).get_item(Key=key, ConsistentRead=True).get("Item")
    return str(row["userId"]) if row else None
