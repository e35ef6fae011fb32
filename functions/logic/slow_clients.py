"""Close the connections of clients that read too slowly, so that they connect again and backfill.

`@connections` answers 429 both when a client's buffer is full and when the account's quota is used up, and does
not say which. A few connections of a batch are slow clients; many together are a throttle, no fault of a client.
"""

from functions.aws import observability, sockets
from functions.aws.concurrency import map_concurrently
from functions.aws.observability import logger
from functions.aws.sockets import Posted

MAX_SLOW_SHARE = 0.1
"""The largest part of a batch, or one connection, that counts as slow clients."""


def close_slow_clients(posted: Posted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Close the slow clients among the connections that were answered 429 after every retry.

    Returns those that were closed, and those that count as undelivered: closing is throttled like posting, so a
    connection that cannot be closed was not slow.
    """
    limited = posted.limited
    if not limited or len(limited) > max(1, MAX_SLOW_SHARE * posted.total):
        return (), limited
    closed = dict(zip(limited, map_concurrently(sockets.try_to_close, limited), strict=True))
    slow = tuple(connection_id for connection_id in limited if closed[connection_id])
    if slow:
        logger.warning("slow clients were closed", extra={"connectionIds": slow})
        observability.count("SlowClients", len(slow))
    return slow, tuple(connection_id for connection_id in limited if not closed[connection_id])
