"""The rate of a user's frames, in all channels and on all connections together.

The rate of a member bounds one channel, and a user can have many: without this limit, one account could use up the
throttle that all users share, with frames that are accepted.
"""

from functions.aws import rates
from functions.aws.observability import logger
from functions.chat.rate import FRAMES_COUNTED_TOGETHER, frames_of_user
from functions.contract.errors import RateLimitedError
from functions.settings import SocketRouteSettings

MAX_REMEMBERED_USERS = 1_000

_uncounted: dict[str, int] = {}
"""How many frames of a user this process has not counted yet."""


def check(settings: SocketRouteSettings, user_id: str, *, now_ms: int) -> None:
    """Count a frame. Raises RateLimitedError if the user has sent too many.

    If it cannot be counted, it counts as within the limit.
    """
    frames = _uncounted.get(user_id, 0) + 1
    if frames >= FRAMES_COUNTED_TOGETHER:
        # Until this use is accepted, each further frame is checked too.
        _count(settings, user_id, now_ms)
        frames = 0
    _remember(user_id, frames)


def _count(settings: SocketRouteSettings, user_id: str, now_ms: int) -> None:
    limit = frames_of_user(settings.frames_per_user)
    try:
        rates.check(settings.rates_table, user_id, limit, now_ms=now_ms)
    except RateLimitedError:
        raise
    except Exception:
        logger.exception("the frames of a user were not counted")


def _remember(user_id: str, frames: int) -> None:
    if len(_uncounted) >= MAX_REMEMBERED_USERS:
        _uncounted.clear()
    _uncounted[user_id] = frames
