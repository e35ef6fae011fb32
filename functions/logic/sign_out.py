"""Sign out: end a session and close its connections.

This marks the session as ended and then reads its connections; `handlers/connect` stores a connection and then
reads the mark. When both happen at the same time, the later one sees the earlier one, so no connection stays open.
"""

from functions.aws import clock, connections, deadline, sockets, tickets
from functions.contract.session import Principal
from functions.logic import disconnection
from functions.settings import ApiSettings

MAX_ATTEMPTS = 10
PAUSE_SECONDS = 0.2


def sign_out(settings: ApiSettings, principal: Principal, *, correlation_id: str, now_ms: int) -> None:
    """End the session of the caller's token and close its connections. The user's other sessions continue.

    When this returns, the session can no longer send or receive frames. Idempotent. Raises botocore's ClientError
    if a connection could not be closed.
    """
    tickets.end_session(settings.tickets_table, principal.session_id, now_ms=now_ms)
    of_user = connections.of_user(
        settings.connections_table, principal.user_id, now_ms=now_ms, with_unreadable=True
    )
    for connection in of_user:
        # A connection whose session is not known may be of this session. If it is not, its client connects again.
        if connection.session_id not in ("", principal.session_id):
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
    """Close a connection. While its handshake has not ended, wait and try again."""
    for _ in range(MAX_ATTEMPTS):
        if sockets.close(connection.connection_id) or not connections.is_opening(
            settings.connections_table, connection.user_id, connection.connection_id, now_ms=clock.now_ms()
        ):
            return
        deadline.sleep(PAUSE_SECONDS)
