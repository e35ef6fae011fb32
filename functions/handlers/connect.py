"""`$connect`: store the connection, subscribe it to its user's channels, and publish UserConnected.

A connection whose session ends while this runs is refused (see `logic/sign_out` and `ops/stage/user_sessions`).
The connection opens when this returns: until then nothing can be posted to it.
"""

from typing import Any

from functions.aws import bus, clients, connections, deadline, direct_calls, observability, tickets, tracing
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.contract.events import UserConnected
from functions.contract.model import timestamp
from functions.handlers.websocket import Caller, caller_of
from functions.settings import ConnectSettings

clients.prepare(clients.dynamodb, direct_calls.to_event_bridge)


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer 200 to open the socket. An exception refuses it, and the client tries again."""
    if event["requestContext"]["eventType"] != "CONNECT":
        # A frame with the action `$connect` is routed here too.
        return {"statusCode": 400}
    settings, caller, now = ConnectSettings.from_env(), caller_of(event), now_ms()
    tracing.annotate(userId=caller.user_id, connectionId=caller.connection_id)
    try:
        is_open = _open(settings, caller, now)
    except Exception:
        _delete_refused(settings, caller)
        raise
    observability.flush()
    return {"statusCode": 200 if is_open else 403}


def _open(settings: ConnectSettings, caller: Caller, now: int) -> bool:
    """Store the connection and publish UserConnected. Returns False if its session has ended."""
    _register(settings, caller, now)
    if tickets.session_has_ended(
        settings.tickets_table,
        user_id=caller.user_id,
        session_id=caller.session_id,
        signed_in_at=caller.signed_in_at,
    ):
        _delete(settings, caller)
        logger.info("refused", extra={"userId": caller.user_id, "reason": "the session has ended"})
        return False
    connected = UserConnected(
        user_id=caller.user_id, connection_id=caller.connection_id, connected_at=timestamp(now)
    )
    bus.publish(
        settings.bus_name, [connected], actor=caller.user_id, correlation_id=caller.correlation_id, now_ms=now
    )
    logger.info("connected", extra={"userId": caller.user_id, "connectionId": caller.connection_id})
    observability.count("NewConnections")
    return True


def _register(settings: ConnectSettings, caller: Caller, now: int) -> None:
    connection = connections.Connection(
        user_id=caller.user_id,
        connection_id=caller.connection_id,
        session_id=caller.session_id,
        expires_at=connections.expiry(now_ms=now, session_expires_at_ms=caller.session_expires_at_ms),
    )
    with tracing.step("register the connection"):
        connections.register(settings, connection, now_ms=now)


def _delete(settings: ConnectSettings, caller: Caller) -> None:
    connections.delete(settings, caller.user_id, caller.connection_id)
    connections.unsubscribe_all(settings, caller.user_id, caller.connection_id)


def _delete_refused(settings: ConnectSettings, caller: Caller) -> None:
    """Delete what is stored of a connection that does not open: its user would count as online for two hours."""
    try:
        _delete(settings, caller)
    except Exception:
        logger.exception("a refused connection was not deleted", extra={"connectionId": caller.connection_id})
