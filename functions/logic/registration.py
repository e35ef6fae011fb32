"""A user's first call: enter them into the directory, and into the channel `general`, which everyone joins."""

from functools import lru_cache

from functions.aws import users
from functions.aws.clock import now_ms
from functions.chat.channels import SYSTEM_USER, general
from functions.contract.model import timestamp
from functions.contract.resources import User
from functions.contract.session import Principal
from functions.logic import membership
from functions.settings import ApiSettings


def registered(settings: ApiSettings, principal: Principal) -> User:
    """The caller as a user, whatever number of calls this is."""
    _register(settings, principal.user_id, principal.username, principal.display_name)
    user = users.get(settings.users_table, principal.user_id, now_ms=now_ms())
    if user is None:
        raise LookupError(f"the user {principal.user_id} was registered and is not there")
    return user


@lru_cache(maxsize=10_000)
def _register(settings: ApiSettings, user_id: str, username: str, display_name: str) -> None:
    """Remembered per process, so that only a user's first calls cost anything.

    The directory comes last: a user who is in it has joined `general`.
    """
    now = now_ms()
    if users.get(settings.users_table, user_id, now_ms=now):
        return
    user = User(user_id=user_id, username=username, display_name=display_name, status="offline")
    channel = membership.create(
        settings, general(timestamp(now)), first_members=(), creator_id=SYSTEM_USER, now_ms=now
    )
    membership.join(settings, channel, user, actor_id=user_id, now_ms=now)
    users.add(
        settings.users_table,
        user_id=user_id,
        username=username,
        display_name=display_name,
        created_at=timestamp(now),
    )
