"""`$disconnect`: forget the connection and say that it closed. API Gateway calls this on best effort only;
connections that it misses are found gone when posted to, or expire."""

from typing import Any

from functions.aws import clients, observability, tracing
from functions.aws.clock import now_ms
from functions.handlers.websocket import caller_of
from functions.logic.disconnection import disconnect
from functions.settings import DisconnectSettings

clients.prepare(clients.dynamodb, clients.event_bridge)


@tracing.traced
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """The answer goes to nobody: the socket is closed already."""
    if event["requestContext"]["eventType"] != "DISCONNECT":
        # A frame that calls itself `$disconnect` ends nothing.
        return {"statusCode": 400}
    settings, caller = DisconnectSettings.from_env(), caller_of(event)
    tracing.annotate(userId=caller.user_id, connectionId=caller.connection_id)
    disconnect(
        settings,
        user_id=caller.user_id,
        connection_id=caller.connection_id,
        reason="closed",
        correlation_id=caller.correlation_id,
        now_ms=now_ms(),
    )
    observability.flush()
    return {"statusCode": 200}
