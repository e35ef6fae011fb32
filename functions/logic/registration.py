"""Register a user at their first call: they join the channel `general` and are added to the directory.

A damaged row does not lock the caller out: the verified token says who they are. It lets no disabled user in,
because what ends a user's access is stored elsewhere: in the user pool and in the table `tickets`.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from functions.aws import users
from functions.aws.clock import now_ms
from functions.chat.channels import SYSTEM_USER, general
from functions.contract.errors import UnreadableError
from functions.contract.model import timestamp
from functions.contract.resources import User
from functions.contract.session import Principal
from functions.logic import membership
from functions.settings import ApiSettings


@dataclass(frozen=True)
class _Registration:
    """Whom a request registers. Requests of the same user are equal, so that `_register` is cached for them."""

    user_id: str
    username: str
    display_name: str
    correlation_id: str = field(compare=False)


def register_caller(settings: ApiSettings, principal: Principal, *, correlation_id: str) -> User:
    """Register the caller if necessary, and return them as a user: as in the token if a row cannot be read."""
    registration = _Registration(principal.user_id, principal.username, principal.display_name, correlation_id)
    in_token = User(
        user_id=principal.user_id,
        username=principal.username,
        display_name=principal.display_name,
        status="offline",
    )
    try:
        _register(settings, registration)
        user = users.get(settings.users_table, principal.user_id, now_ms=now_ms())
        if user is None:
            # The row was lost after this process had seen it.
            _register.cache_clear()
            _register(settings, registration)
            user = users.get(settings.users_table, principal.user_id, now_ms=now_ms())
    except UnreadableError:
        # The row of `general` or of the membership is damaged. The next call tries again.
        return in_token
    if user is None:
        raise LookupError(f"the user {principal.user_id} was registered, but is not in the table of users")
    return in_token if isinstance(user, users.UnreadableUser) else user


@lru_cache(maxsize=10_000)
def _register(settings: ApiSettings, registration: _Registration) -> None:
    """Register a user unless they are registered. Cached per process: only a user's first calls read a table.

    The directory is written last, so a user who is in it has joined `general`.
    """
    now, user_id, correlation_id = now_ms(), registration.user_id, registration.correlation_id
    if users.get(settings.users_table, user_id, now_ms=now):
        return
    user = User(
        user_id=user_id,
        username=registration.username,
        display_name=registration.display_name,
        status="offline",
    )
    channel = membership.create(
        settings,
        general(timestamp(now)),
        first_members=(),
        creator_id=SYSTEM_USER,
        correlation_id=correlation_id,
        now_ms=now,
    )
    membership.join(settings, channel, user, actor_id=user_id, correlation_id=correlation_id, now_ms=now)
    users.add(
        settings.users_table,
        user_id=user_id,
        username=user.username,
        display_name=user.display_name,
        created_at=timestamp(now),
    )
