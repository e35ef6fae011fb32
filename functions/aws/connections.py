"""The tables `connections` and `subscriptions`: the open sockets, and the channels whose frames they receive.

Opening a connection writes the connection and then reads the memberships; joining a channel writes the membership
and then reads the connections. Both reads are strongly consistent, so when both happen at the same time, the later
one sees the earlier one and writes the subscription.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from functions.aws import members
from functions.aws.clients import table
from functions.aws.reads import batch_get_keys, paginate
from functions.aws.rows import number_in, read, readable
from functions.contract.rows import ConnectionRow, SubscriptionRow
from functions.contract.shards import LAST_ROW, possible_shards, shard_after, shard_of
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
    """Empty if it is not known: it is not in subscriptions, and not in a row that cannot be read."""


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
    """Delete a connection, without its subscriptions (`unsubscribe_all`). Return whether its row existed."""
    key = {"userId": user_id, "connectionId": connection_id}
    deleted = table(settings.connections_table).delete_item(Key=key, ReturnValues="ALL_OLD").get("Attributes")
    return deleted is not None


def unsubscribe_all(settings: DisconnectSettings, user_id: str, connection_id: str) -> None:
    """Delete the subscriptions of a connection to its user's channels."""
    channels = [membership.channel_id for membership in members.of_user(settings.members_table, user_id)]
    unsubscribe(settings.subscriptions_table, channels, [connection_id])


def of_user(
    connections_table: str, user_id: str, *, now_ms: int, with_unreadable: bool = False
) -> Iterator[Connection]:
    """Yield a user's connections that have not expired (strongly consistent read).

    A row that cannot be read is left out, or with `with_unreadable` yielded with its id alone: what ends
    connections must not leave one open.
    """
    alive: ConditionBase = Attr("expiresAt").gt(now_ms // 1000)
    if with_unreadable:
        alive |= ~Attr("expiresAt").attribute_type("N")
    rows = paginate(
        table(connections_table).query,
        KeyConditionExpression=Key("userId").eq(user_id),
        FilterExpression=alive,
        ConsistentRead=True,
    )
    for item in rows:
        row = read(ConnectionRow, item)
        if row is not None:
            yield Connection(
                user_id=user_id,
                connection_id=row.connection_id,
                session_id=row.session_id,
                expires_at=row.expires_at,
            )
        elif with_unreadable:
            yield Connection(user_id=user_id, connection_id=str(item["connectionId"]), expires_at=0)


def subscribe(subscriptions_table: str, channels: Iterable[str], connections: Iterable[Connection]) -> None:
    """Subscribe each of the connections to each of the channels."""
    pairs = list(product(channels, connections))
    # An old count does no harm: readers read every shard.
    shards = _shards(subscriptions_table, {channel_id for channel_id, _ in pairs}, consistent=False)
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id, connection in pairs:
            batch.put_item(
                Item={
                    "channelId": shard_of(channel_id, connection.connection_id, shards.get(channel_id) or 1),
                    "connectionId": connection.connection_id,
                    "userId": connection.user_id,
                    "expiresAt": connection.expires_at,
                }
            )


def unsubscribe(subscriptions_table: str, channels: Iterable[str], connection_ids: Iterable[str]) -> None:
    """Delete the subscriptions of each of the connections to each of the channels."""
    pairs = list(product(channels, connection_ids))
    # A subscription that remains would be posted to.
    shards = _shards(subscriptions_table, {channel_id for channel_id, _ in pairs}, consistent=True)
    with table(subscriptions_table).batch_writer() as batch:
        for channel_id, connection_id in pairs:
            for key in _possible_shards(channel_id, connection_id, shards):
                batch.delete_item(Key={"channelId": key, "connectionId": connection_id})


def subscribers(subscriptions_table: str, channel_id: str, *, now_ms: int) -> Iterator[Connection]:
    """Yield the connections that are subscribed to a channel and have not expired (strongly consistent read)."""
    shard: str | None = channel_id
    while shard is not None:
        rows = paginate(
            table(subscriptions_table).query,
            KeyConditionExpression=Key("channelId").eq(shard),
            FilterExpression=Attr("expiresAt").gt(now_ms // 1000) | Attr("expiresAt").not_exists(),
            ConsistentRead=True,
        )
        shard = None
        for row in rows:
            if row["connectionId"] == LAST_ROW:
                named = row.get("nextShard")
                shard = named if isinstance(named, str) else shard_after(str(row["channelId"]))
                continue
            subscription = read(SubscriptionRow, row)
            if subscription is not None:
                yield Connection(
                    user_id=subscription.user_id,
                    connection_id=subscription.connection_id,
                    expires_at=subscription.expires_at,
                )


def _shards(subscriptions_table: str, channel_ids: Iterable[str], *, consistent: bool) -> dict[str, int]:
    """The number of shards of each of the channels that have more than one: 0 if it cannot be read."""
    keys = [{"channelId": channel_id, "connectionId": LAST_ROW} for channel_id in channel_ids]
    rows = batch_get_keys(subscriptions_table, keys, consistent=consistent)
    return {str(row["channelId"]): number_in(row, "shards") for row in rows}


def _possible_shards(channel_id: str, connection_id: str, shards: dict[str, int]) -> list[str]:
    return possible_shards(channel_id, connection_id, shards.get(channel_id, 1))


def is_opening(connections_table: str, user_id: str, connection_id: str, *, now_ms: int) -> bool:
    """Whether a connection was stored so recently that a 410 means that it is not open yet."""
    key = {"userId": user_id, "connectionId": connection_id}
    item = table(connections_table).get_item(Key=key, ConsistentRead=True).get("Item")
    row = read(ConnectionRow, item) if item else None
    return row is not None and now_ms - row.opened_at < OPENING_MS


def subscribed(subscriptions_table: str, channel_id: str, connection_ids: Sequence[str]) -> list[str]:
    """Return those of the connections that are subscribed to a channel (strongly consistent read)."""
    shards = _shards(subscriptions_table, [channel_id], consistent=True)
    keys = [
        {"channelId": key, "connectionId": connection_id}
        for connection_id in connection_ids
        for key in _possible_shards(channel_id, connection_id, shards)
    ]
    found = {row["connectionId"] for row in batch_get_keys(subscriptions_table, keys, consistent=True)}
    return [connection_id for connection_id in connection_ids if connection_id in found]


def subscriber(subscriptions_table: str, channel_id: str, connection_id: str) -> str | None:
    """Return the userId of a subscription, or None if it does not exist."""
    shards = _shards(subscriptions_table, [channel_id], consistent=True)
    keys = [
        {"channelId": key, "connectionId": connection_id}
        for key in _possible_shards(channel_id, connection_id, shards)
    ]
    rows = batch_get_keys(subscriptions_table, keys, consistent=True)
    return next((row.user_id for row in readable(SubscriptionRow, rows)), None)
