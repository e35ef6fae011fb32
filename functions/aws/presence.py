"""Presence as the tables have it: who is online, and who is told when that changes."""

from functions.aws import connections, members, users
from functions.aws.clock import now_ms
from functions.chat.frames import PresenceChange
from functions.chat.model import timestamp
from functions.settings import BroadcastStatusSettings


def settle(settings: BroadcastStatusSettings, user_id: str, *, untold: bool = False) -> PresenceChange | None:
    """Bring a user's stored presence in line with their connections. None if nothing changed, nor was untold.

    Two batches may do this for the same user at once, so each looks again after it wrote, until what it
    wrote is what it sees: the last to write has seen the last change.
    """
    changed = untold
    online_until = _online_until(settings, user_id)
    while True:
        changed |= users.set_presence(settings.users_table, user_id, online_until=online_until, now_ms=now_ms())
        seen = _online_until(settings, user_id)
        if (seen is None) == (online_until is None):
            break
        online_until = seen
    if not changed:
        return None
    return PresenceChange(
        user_id=user_id,
        status="offline" if online_until is None else "online",
        last_seen_at=timestamp(now_ms()),
    )


def audience(settings: BroadcastStatusSettings, user_id: str, *, now_ms: int) -> dict[str, str]:
    """The connections of everyone who shares a channel with a user, and whose each is."""
    return {
        connection.connection_id: connection.user_id
        for membership in members.of_user(settings.members_table, user_id)
        for connection in connections.subscribers(
            settings.subscriptions_table, membership.channel_id, now_ms=now_ms
        )
    }


def _online_until(settings: BroadcastStatusSettings, user_id: str) -> int | None:
    """When the last of a user's connections expires (seconds since the epoch); None without any."""
    found = connections.of_user(settings.connections_table, user_id, now_ms=now_ms())
    return max((connection.expires_at for connection in found), default=None)
