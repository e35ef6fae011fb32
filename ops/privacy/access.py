"""Find the user to export or erase, and end the access of one who is erased."""

from ops import times
from ops.errors import NotFoundError
from ops.stage import lookup, tables, user_sessions
from ops.stage.lookup import KnownUser
from ops.stage.stage import Stage


def find(stage: Stage, text: str) -> KnownUser:
    """The user with this username or id, also if only their text key is left. Raises NotFoundError."""
    try:
        return lookup.user(stage, text)
    except NotFoundError:
        key = {"userId": text}
        if not tables.can_be_key(text) or next(tables.batch_get(stage, "TextKeys", [key]), None) is None:
            raise
        return KnownUser(text, None)


def end(stage: Stage, user: KnownUser) -> int:
    """Disable the account, and end its sessions and connections. Returns how many there were. Idempotent."""
    until = stage.user_pool.disable(user.username) if user.username is not None else times.now() // 1000
    return len(user_sessions.end_all(stage, user.user_id, until=until))
