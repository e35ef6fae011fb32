"""The end of a connection: it closed, or a post to it was answered 410.

The subscriptions are deleted last. While one remains, the next post to it is answered 410 too, and what was left
undone is done then.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from functions.aws import bus, connections, observability, tracing
from functions.aws.clock import now_ms as current_ms
from functions.aws.concurrency import map_concurrently
from functions.aws.observability import logger
from functions.contract.events import UserDisconnected
from functions.contract.model import timestamp
from functions.settings import DisconnectSettings


def disconnect(
    settings: DisconnectSettings,
    *,
    user_id: str,
    connection_id: str,
    reason: Literal["closed", "gone"],
    correlation_id: str,
    now_ms: int,
) -> None:
    """Delete a connection and publish UserDisconnected. Repeating it publishes again, but counts only once.

    Raises PublishError or an error of botocore.
    """
    with tracing.step("delete the connection"):
        existed = connections.delete(settings, user_id, connection_id)
    disconnected = UserDisconnected(
        user_id=user_id, connection_id=connection_id, disconnected_at=timestamp(now_ms), reason=reason
    )
    bus.publish(settings.bus_name, [disconnected], actor=user_id, correlation_id=correlation_id, now_ms=now_ms)
    with tracing.step("unsubscribe"):
        connections.unsubscribe_all(settings, user_id, connection_id)
    logger.info("disconnected", extra={"userId": user_id, "connectionId": connection_id, "reason": reason})
    if existed:
        observability.count("ClosedConnections")


def prune(
    settings: DisconnectSettings, *, user_id: str, connection_id: str, correlation_id: str, now_ms: int
) -> bool:
    """Disconnect a connection whose post was answered 410, unless it is still opening. Return whether it did.

    The event of a connection can arrive before its handshake ends, and until then posts are answered 410. Keeping
    the connection loses nothing: clients connect first and then fetch what they missed. Raises PublishError or an
    error of botocore.
    """
    if connections.is_opening(settings.connections_table, user_id, connection_id, now_ms=now_ms):
        logger.info("still opening", extra={"userId": user_id, "connectionId": connection_id})
        return False
    disconnect(
        settings,
        user_id=user_id,
        connection_id=connection_id,
        reason="gone",
        correlation_id=correlation_id,
        now_ms=now_ms,
    )
    observability.count("PrunedConnections")
    return True


def prune_subscribers(
    settings: DisconnectSettings, channel_id: str, connection_ids: Sequence[str], *, correlation_id: str
) -> None:
    """Prune the connections among a channel's subscribers whose posts were answered 410, concurrently."""

    def prune_subscriber(connection_id: str) -> None:
        with left_to_the_next_post(connection_id):
            user_id = connections.subscriber(settings.subscriptions_table, channel_id, connection_id)
            if user_id and prune(
                settings,
                user_id=user_id,
                connection_id=connection_id,
                correlation_id=correlation_id,
                now_ms=current_ms(),
            ):
                # `prune` deletes the subscriptions to the user's channels; the user may have left this one.
                connections.unsubscribe(settings.subscriptions_table, [channel_id], [connection_id])

    with tracing.step("prune gone connections", connections=len(connection_ids)):
        map_concurrently(prune_subscriber, connection_ids)


@contextmanager
def left_to_the_next_post(connection_id: str) -> Iterator[None]:
    """Log and count a failure to prune a connection. It must not fail a batch whose frames are posted already."""
    try:
        yield
    except Exception:
        observability.unexpected_error("a connection was not pruned", connectionId=connection_id)
