"""Presence as the tables have it: who is online, and who is told when that changes."""

from collections.abc import Sequence

from functions.aws import concurrency, connections, members, users
from functions.aws.clock import now_ms
from functions.contract.frames import PresenceChange
from functions.contract.model import timestamp
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


def audiences(
    settings: BroadcastStatusSettings, user_ids: Sequence[str], *, now_ms: int
) -> dict[str, dict[str, str]]:
    """For each user the connections of everyone who shares a channel with them, and whose each is.

    Each channel is read once, however many of the users are in it.
    """

    def channels_of(user_id: str) -> list[str]:
        return [each.channel_id for each in members.of_user(settings.members_table, user_id)]

    def subscribers(channel_id: str) -> list[connections.Connection]:
        return list(connections.subscribers(settings.subscriptions_table, channel_id, now_ms=now_ms))

    channels = dict(zip(user_ids, concurrency.map_concurrently(channels_of, user_ids), strict=True))
    shared = sorted({channel_id for found in channels.values() for channel_id in found})
    heard_in = dict(zip(shared, concurrency.map_concurrently(subscribers, shared), strict=True))
    return {
        user_id: {each.connection_id: each.user_id for channel_id in found for each in heard_in[channel_id]}
        for user_id, found in channels.items()
    }


def _online_until(settings: BroadcastStatusSettings, user_id: str) -> int | None:
    """When the last of a user's connections expires (seconds since the epoch); None without any."""
    found = connections.of_user(settings.connections_table, user_id, now_ms=now_ms())
    return max((connection.expires_at for connection in found), default=None)
