"""Presence: recompute it from the connections, and find the connections that a change is posted to."""

from collections.abc import Sequence

from functions.aws import channels, connections, members, users
from functions.aws.clock import now_ms
from functions.aws.concurrency import map_concurrently
from functions.chat.presence import MAX_LIVE_MEMBERS
from functions.contract.frames import PresenceChange
from functions.contract.model import timestamp
from functions.settings import BroadcastStatusSettings


def update_presence(
    settings: BroadcastStatusSettings, user_id: str, *, broadcast_pending: bool = False
) -> PresenceChange | None:
    """Store a user's presence as it follows from their connections, and return it to be broadcast.

    Returns None if it has not changed, unless the broadcast of an earlier change is pending.

    Two batches may do this concurrently for the same user. Each reads the connections again after writing, and
    repeats until they agree with what it wrote, so the last write is correct.
    """
    changed = broadcast_pending
    online_until = _online_until(settings, user_id)
    while True:
        changed |= users.set_presence(settings.users_table, user_id, online_until=online_until, now_ms=now_ms())
        online_until_now = _online_until(settings, user_id)
        if (online_until_now is None) == (online_until is None):
            break
        online_until = online_until_now
    if not changed:
        return None
    return PresenceChange(
        user_id=user_id, status="offline" if online_until is None else "online", last_seen_at=timestamp(now_ms())
    )


def audiences(
    settings: BroadcastStatusSettings, user_ids: Sequence[str], *, now_ms: int
) -> dict[str, dict[str, str]]:
    """Return, for each user, the connections of all users who share a channel with them: {connectionId: userId}.

    Large channels do not count. Each channel is read once, even if many of the users are in it.
    """

    def channels_of(user_id: str) -> list[str]:
        return [membership.channel_id for membership in members.of_user(settings.members_table, user_id)]

    def subscribers_of(channel_id: str) -> list[connections.Connection]:
        return list(connections.subscribers(settings.subscriptions_table, channel_id, now_ms=now_ms))

    channels_by_user = dict(zip(user_ids, map_concurrently(channels_of, user_ids), strict=True))
    distinct = {channel_id for channel_ids in channels_by_user.values() for channel_id in channel_ids}
    live = live_channels(settings, sorted(distinct))
    subscribers = dict(zip(live, map_concurrently(subscribers_of, live), strict=True))
    return {
        user_id: {
            connection.connection_id: connection.user_id
            for channel_id in channel_ids
            for connection in subscribers.get(channel_id, ())
        }
        for user_id, channel_ids in channels_by_user.items()
    }


def live_channels(settings: BroadcastStatusSettings, channel_ids: Sequence[str]) -> list[str]:
    """Return the channels whose members get each other's presence and typing: those that are not large."""
    sizes = channels.sizes(settings.channels_table, channel_ids)
    return [channel_id for channel_id in channel_ids if sizes.get(channel_id, 0) <= MAX_LIVE_MEMBERS]


def _online_until(settings: BroadcastStatusSettings, user_id: str) -> int | None:
    """Return when the last of a user's connections expires (seconds since the epoch), None without any."""
    opened = connections.of_user(settings.connections_table, user_id, now_ms=now_ms())
    return max((connection.expires_at for connection in opened), default=None)
