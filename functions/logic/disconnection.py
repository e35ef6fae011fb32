"""What is done when a connection ends, however that was noticed: it closed, or a post found it gone."""

from typing import Literal

from functions.aws import bus, connections, observability, tracing
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
    """Forget a connection and say so on the bus. Doing it twice does no harm, and counts once."""
    with tracing.step("forget the connection"):
        was_known = connections.forget(
            user_id,
            connection_id,
            connections_table=settings.connections_table,
            subscriptions_table=settings.subscriptions_table,
            members_table=settings.members_table,
        )
    disconnected = UserDisconnected(
        user_id=user_id, connection_id=connection_id, disconnected_at=timestamp(now_ms), reason=reason
    )
    bus.publish(settings.bus_name, [disconnected], actor=user_id, correlation_id=correlation_id, now_ms=now_ms)
    logger.info("disconnected", extra={"userId": user_id, "connectionId": connection_id, "reason": reason})
    if was_known:
        observability.count("ClosedConnections")


def prune(
    settings: DisconnectSettings, *, user_id: str, connection_id: str, correlation_id: str, now_ms: int
) -> bool:
    """Forget a connection whose post was answered 410, unless it is still opening. True if it was forgotten.

    The event of a connection can overtake its own handshake, and until that ends posts are answered 410.
    Nothing is lost by waiting: clients connect first and fetch what they missed then.
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
    return True
