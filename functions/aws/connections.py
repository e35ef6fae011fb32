"""The tables `connections` and `subscriptions`: the open sockets, and the channels whose frames they receive.

Opening a connection writes the connection and then reads the memberships; joining a channel writes the membership
and then reads the connections. Both reads are strongly consistent, so when both happen at the same time, the later
one sees the earlier one and writes the subscription.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from boto3.dynamodb.conditions import Attr, Key

from functions.aws import members
from functions.aws.clients import table
from functions.aws.reads import paginate
from functions.settings import DisconnectSettings

CONNECTION_SECONDS = 2 * 60 * 60
"""API Gateway closes a connection after two hours; the quota cannot be raised.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One socket of a user. After `expires_at` (seconds since the epoch) it is ignored."""

    user_id: str
    connection_id: str
    expires_at: int
    session_id: str = ""
    """Empty if this was read from a subscription, which does not store it."""


OPENING_MS = 10_000
"""For this long after `$connect`, a 410 may mean that the handshake has not ended yet."""


def expiry(*, now_ms: int, session_expires_at_ms: int) -> int:
    """Return when a connection opened now expires (seconds since the epoch): in two hours or with its session."""
    return min(now_ms // 1000 + CONNECTION_SECONDS, session_expires_at_ms // 1000)


def register(settings: DisconnectSettings, connection: Connection, *, now_ms: int) -> None:
    """Store a connection and subscribe it to its user's channels."""
    table(settings.connections_table).put_item(
        Item={
            "userId": connection.user_id,
            "connectionId": connection.connection_id,
            "sessionId": connection.session_id,
            "expiresAt": connection.expires_at,
            "openedAt": now_ms,
        }
    )
    channels = {
        membership.channel_id for membership in members.of_user(settings.members_table, connection.user_id)
    }
    subscribe(settings.subscriptions_table, channels, [connection])
    # A user removed from a channel in the meantime must not keep the subscription just written.
    remaining = {
        membership.channel_id for membership in members.of_user(settings.members_table, connection.user_id)
    }
    unsubscribe(settings.subscriptions_table, channels - remaining, [connection.connection_id])


def delete(settings: DisconnectSettings, user_id: str, connection_id: str) -> bool:
    """Delete a connection and its subscriptions. Return whether the connection's row existed."""
    key = {"userId": user_id, "connectionId": connection_id}
    deleted = table(settings.connections_table).delete_item(Key=key, ReturnValues="ALL_OLD").get("Attributes")
    channels = [membership.channel_id for membership in members.of_user(settings.members_table, user_id)]
    unsubscribe(settings.subscriptions_table, channels, [connection_id])
    return deleted is not None


def of_user(connections_table: str, user_id: str, *, now_ms: int) -> Iterator[Connection]:
    """Yield a user's connections that have not expired (strongly consistent read)."""
    for row in paginate(
        table(connections_table).query,
        KeyConditionExpression=Key("userId").eq(user_id),
        FilterExpression=Attr("expiresAt").gt(now_ms // 1000),
        ConsistentRead=True,
    ):
        yield Connection(
            user_id=user_id,
            connection_id=row["connectionId"],
            session_id=row["sessionId"],
            expires_at=int(row["expiresAt"]),
        )


def subscribe(subscriptions_table: str, channels: Iterable[str], connections: Iterable[Connection]) -> None:
    """Subscribe each of the connections to each of the channels."""
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id, connection in product(channels, connections):
            batch.put_item(
                Item={
                    "channelId": channel_id,
                    "connectionId": connection.connection_id,
                    "userId": connection.user_id,
                    "expiresAt": connection.expires_at,
                }
            )


def unsubscribe(subscriptions_table: str, channels: Iterable[str], connection_ids: Iterable[str]) -> None:
    """Delete the subscriptions of each of the connections to each of the channels."""
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id, connection_id in product(channels, connection_ids):
            batch.delete_item(Key={"channelId": channel_id, "connectionId": connection_id})


def subscribers(subscriptions_table: str, channel_id: str, *, now_ms: int) -> Iterator[Connection]:
    """Yield the connections that are subscribed to a channel and have not expired (strongly consistent read)."""
    for row in paginate(
        table(subscriptions_table).query,
        KeyConditionExpression=Key("channelId").eq(channel_id),
        FilterExpression=Attr("expiresAt").gt(now_ms // 1000),
        ConsistentRead=True,
    ):
        yield Connection(
            user_id=row["userId"], connection_id=row["connectionId"], expires_at=int(row["expiresAt"])
        )


def is_opening(connections_table: str, user_id: str, connection_id: str, *, now_ms: int) -> bool:
    """Whether a connection was stored so recently that a 410 means that it is not open yet."""
    key = {"userId": user_id, "connectionId": connection_id}
    row = table(connections_table).get_item(Key=key, ConsistentRead=True).get("Item")
    return row is not None and now_ms - int(str(row["openedAt"])) < OPENING_MS


def subscriber(subscriptions_table: str, channel_id: str, connection_id: str) -> str | None:
    """Return the userId of a subscription, or None if it does not exist."""
    key = {"channelId": channel_id, "connectionId": connection_id}
    row = table(subscriptions_table).get_item(Key=key, ConsistentRead=True).get("Item")
    return str(row["userId"]) if row else None
