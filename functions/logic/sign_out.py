"""Sign a session out: when this returns, no frame of it goes in or out.

The session is marked first, then its connections are ended; a connection that opens meanwhile is registered first
and then sees the mark (`handlers/connect`). Whichever comes second sees the other.
"""

import time

from functions.aws import clock, connections, sockets, tickets
from functions.contract.session import Principal
from functions.logic import disconnection
from functions.settings import ApiSettings

ATTEMPTS = 10
PAUSE_SECONDS = 0.2


def sign_out(settings: ApiSettings, principal: Principal, *, correlation_id: str, now_ms: int) -> None:
    """End the session of the caller's token, and its sockets. Others of the same user go on.

    Raises botocore's ClientError where a socket could not be closed; repeating it does no harm.
    """
    tickets.end_session(settings.tickets_table, principal.session_id, now_ms=now_ms)
    for connection in connections.of_user(settings.connections_table, principal.user_id, now_ms=now_ms):
        if connection.session_id != principal.session_id:
            continue
        _close(settings, connection)
        disconnection.disconnect(
            settings,
            user_id=principal.user_id,
            connection_id=connection.connection_id,
            reason="closed",
            correlation_id=correlation_id,
            now_ms=now_ms,
        )


def _close(settings: ApiSettings, connection: connections.Connection) -> None:
    """Close a socket; one whose handshake has not ended yet a moment later."""
    for _ in range(ATTEMPTS):
        if sockets.close(connection.connection_id) or not connections.is_opening(
            settings.connections_table, connection.user_id, connection.connection_id, now_ms=clock.now_ms()
        ):
            return
        time.sleep(PAUSE_SECONDS)
