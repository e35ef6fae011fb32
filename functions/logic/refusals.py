"""Refused frames: count them for each user, and end the connections of a user who sends too many.

API Gateway has one throttle for the frames of all users. A frame that a function refuses has used it up too, so
what bounds a flood is that its sockets are closed and get no ticket for a while. Of a user who sends too many that
would be accepted, `frame_rate` refuses the frames.
"""

from functions.aws import observability, rates
from functions.aws.observability import logger
from functions.chat.rate import COOL_DOWN_MS, REFUSED_FRAMES, TICKETS
from functions.settings import SocketRouteSettings


def count_refusal(settings: SocketRouteSettings, user_id: str, *, now_ms: int) -> int:
    """Count a refused frame. Return 0, or for how long (ms) the user gets no further connection: close this one.

    If it cannot be counted, it counts as within the limit.
    """
    try:
        # The frames of a flood are a burst: each is one write.
        if not rates.count(settings.rates_table, user_id, REFUSED_FRAMES, now_ms=now_ms, is_burst=True):
            return 0
        for limit in (REFUSED_FRAMES, TICKETS):
            rates.exhaust(settings.rates_table, user_id, limit, for_ms=COOL_DOWN_MS, now_ms=now_ms)
    except Exception:
        logger.exception("a refused frame was not counted")
        return 0
    logger.warning("too many frames were refused", extra={"coolDownMs": COOL_DOWN_MS})
    observability.count("FloodingConnections")
    return COOL_DOWN_MS
