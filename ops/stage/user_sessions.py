"""The connections of a user: list them, close them, and end the sessions that could open more.

Ending sessions writes a mark and then reads the connections; `$connect` stores a connection and then reads the
mark (functions/handlers/connect.py). When both happen at the same time, the later one sees the earlier one, so no
connection stays open.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.contract.events import UserDisconnected
from functions.contract.model import timestamp
from functions.contract.session import ENDED_SECONDS, ENDED_USER_PREFIX
from functions.contract.shards import possible_shards
from ops import times
from ops.stage import publishing, tables
from ops.stage.conditional_writes import write_if
from ops.stage.stage import Stage

OPENING_MS = 10_000
"""For this long after `$connect`, a 410 may mean that the handshake has not ended yet."""
CONNECTION_SECONDS = 2 * 60 * 60
"""API Gateway closes a connection after two hours."""
MAX_ATTEMPTS = 10
PAUSE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A stored connection of a user. It may be stale: its socket has closed, and no post has found that out."""

    user_id: str
    connection_id: str
    session_id: str
    opened_ms: int
    expires_at: int
    """Seconds since the epoch."""

    @property
    def opened_at(self) -> str:
        """When it was opened."""
        return timestamp(self.opened_ms)

    @property
    def ends_at(self) -> str:
        """When it ends at the latest."""
        return timestamp(self.expires_at * 1000)


def connections(stage: Stage, user_id: str) -> list[Connection]:
    """The stored connections of a user that have not expired, oldest first (strongly consistent read)."""
    now = times.now() // 1000
    found = [stored(row) for row in rows(stage, user_id)]
    return sorted((one for one in found if one.expires_at > now), key=lambda one: one.opened_ms)


def rows(stage: Stage, user_id: str) -> list[tables.Row]:
    """The rows of a user's connections."""
    return list(
        tables.paginate(
            stage.table("Connections").query,
            KeyConditionExpression=tables.key_equals("userId", user_id),
            ConsistentRead=True,
        )
    )


def stored(row: Mapping[str, Any]) -> Connection:
    """The connection of a row. One that cannot be read counts as open, so that it is closed with the others."""
    expires_at = tables.number(row.get("expiresAt"))
    return Connection(
        user_id=str(row["userId"]),
        connection_id=str(row["connectionId"]),
        session_id=str(row.get("sessionId", "")),
        opened_ms=tables.number(row.get("openedAt")),
        expires_at=expires_at or times.now() // 1000 + CONNECTION_SECONDS,
    )


def end_all(stage: Stage, user_id: str, *, until: int) -> list[Connection]:
    """End the user's sessions that began until a time (seconds since the epoch), and close all connections.

    When this returns, calls and tickets of these sessions are refused, and no socket receives or sends.
    Idempotent. Returns the connections that were stored. Raises botocore's ClientError if one could not be closed.
    """
    _mark_ended(stage, user_id, until)
    return close_all(stage, user_id)


def _mark_ended(stage: Stage, user_id: str, until: int) -> None:
    """Write the row that ends the sessions, unless another operator's ends later ones too."""
    write_if(
        stage.table("Tickets").put_item,
        Item={
            "ticketHash": ENDED_USER_PREFIX + user_id,
            "endedAt": until,
            "expiresAt": times.now() // 1000 + ENDED_SECONDS,
        },
        # A row without a number is damaged: it is replaced.
        ConditionExpression="NOT attribute_type(endedAt, :number) OR endedAt <= :until",
        ExpressionAttributeValues={":number": "N", ":until": until},
    )


def close_all(stage: Stage, user_id: str) -> list[Connection]:
    """Close all connections of a user. Returns those that were stored."""
    found = connections(stage, user_id)
    close(stage, found)
    return found


def close(stage: Stage, found: Iterable[Connection]) -> None:
    """Close connections and delete their rows, so that presence is right and nothing more is posted to them."""
    for connection in found:
        _close_socket(stage, connection)
        # API Gateway calls `$disconnect`, which does the same, on a best-effort basis only.
        _delete_rows(stage, connection)
        disconnected = UserDisconnected(
            user_id=connection.user_id,
            connection_id=connection.connection_id,
            disconnected_at=timestamp(times.now()),
            reason="closed",
        )
        publishing.publish(stage, [disconnected], actor=connection.user_id)


def _close_socket(stage: Stage, connection: Connection) -> None:
    """Close a socket. While its handshake has not ended, wait and try again."""
    client = stage.client("apigatewaymanagementapi")
    for _ in range(MAX_ATTEMPTS):
        try:
            client.delete_connection(ConnectionId=connection.connection_id)
        except client.exceptions.GoneException:
            if times.now() - connection.opened_ms >= OPENING_MS:
                return
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _delete_rows(stage: Stage, connection: Connection) -> None:
    stage.table("Connections").delete_item(
        Key={"userId": connection.user_id, "connectionId": connection.connection_id}
    )
    memberships = tables.paginate(
        stage.table("Members").query,
        KeyConditionExpression=tables.key_equals("userId", connection.user_id),
        ConsistentRead=True,
    )
    shards = tables.shards(stage, [str(row["channelId"]) for row in memberships])
    subscriptions: Any = stage.table("Subscriptions")
    with subscriptions.batch_writer() as batch:
        for channel_id, count in shards.items():
            for key in possible_shards(channel_id, connection.connection_id, count):
                batch.delete_item(Key={"channelId": key, "connectionId": connection.connection_id})
