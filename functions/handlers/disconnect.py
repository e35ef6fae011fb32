"""`$disconnect`: delete the connection and publish UserDisconnected.

API Gateway calls this on a best-effort basis. A connection that it missed is pruned when a post to it fails, or
expires.
"""

from typing import Any

from functions.aws import clients, deadline, direct_calls, observability, tracing
from functions.aws.clock import now_ms
from functions.handlers.websocket import caller_of
from functions.logic.disconnection import disconnect
from functions.settings import DisconnectSettings

clients.prepare(clients.dynamodb, direct_calls.to_event_bridge)


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Delete the connection. API Gateway ignores the answer, because the socket is closed."""
    if event["requestContext"]["eventType"] != "DISCONNECT":
        # A frame with the action `$disconnect` is routed here too.
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
