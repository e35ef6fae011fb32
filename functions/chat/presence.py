"""Who is told of which status: at most one frame of each kind per connection in a batch."""

from collections.abc import Iterable, Mapping

from functions.contract.events import ChannelRead, TypingStarted
from functions.contract.frames import Frame, PresenceChange, PresenceFrame, ReadMarkerFrame, TypingFrame


def presence_frames(
    changes: Iterable[PresenceChange], audiences: Mapping[str, Iterable[str]]
) -> dict[tuple[str, ...], PresenceFrame]:
    """One frame per distinct set of changes, keyed by the connections that get it.

    `audiences` maps a userId to the connections of the people who share a channel with them.
    """
    seen_by: dict[str, list[PresenceChange]] = {}
    for change in changes:
        for connection_id in audiences[change.user_id]:
            seen_by.setdefault(connection_id, []).append(change)
    grouped: dict[tuple[PresenceChange, ...], list[str]] = {}
    for connection_id, seen in seen_by.items():
        grouped.setdefault(tuple(seen), []).append(connection_id)
    return {tuple(connections): PresenceFrame(changes=seen) for seen, connections in grouped.items()}


def latest_typing(updates: Iterable[TypingStarted]) -> list[TypingFrame]:
    """One frame per user and channel: the latest."""
    latest: dict[tuple[str, str], TypingStarted] = {}
    for update in updates:
        key = (update.channel_id, update.user_id)
        if key not in latest or update.until > latest[key].until:
            latest[key] = update
    return [TypingFrame(**update.model_dump()) for update in latest.values()]


def furthest_reads(updates: Iterable[ChannelRead]) -> list[tuple[str, Frame]]:
    """One (userId, frame) per user and channel: the furthest."""
    furthest: dict[tuple[str, str], ChannelRead] = {}
    for update in updates:
        key = (update.user_id, update.channel_id)
        if key not in furthest or update.read_seq > furthest[key].read_seq:
            furthest[key] = update
    return [
        (update.user_id, ReadMarkerFrame(channel_id=update.channel_id, read_seq=update.read_seq))
        for update in furthest.values()
    ]
