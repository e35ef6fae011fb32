"""Coalesce the status updates of a batch: at most one frame of each kind and subject per connection.

A large channel gets neither presence nor typing: with 10,000 members who come and go, each would get a frame for
each of the others. A client requests the presence of members while it shows them.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from functions.contract.events import ChannelRead, TypingStarted
from functions.contract.frames import Frame, NameChange, PresenceChange, ReadMarkerFrame, TypingFrame
from functions.contract.model import milliseconds

MAX_LIVE_MEMBERS = 1_000
"""The most members of a channel whose presence, names and typing are posted to the others."""


ChangeT = TypeVar("ChangeT", PresenceChange, NameChange)


def changes_by_recipients(
    changes: Iterable[ChangeT], audiences: Mapping[str, Iterable[str]]
) -> dict[tuple[str, ...], tuple[ChangeT, ...]]:
    """Return each distinct set of changes, keyed by the ids of the connections that get it as one frame.

    `audiences` maps each userId to the ids of the connections that get the user's changes.
    """
    changes_by_connection: dict[str, list[ChangeT]] = {}
    for change in changes:
        for connection_id in audiences[change.user_id]:
            changes_by_connection.setdefault(connection_id, []).append(change)
    recipients_by_changes: dict[tuple[ChangeT, ...], list[str]] = {}
    for connection_id, its_changes in changes_by_connection.items():
        recipients_by_changes.setdefault(tuple(its_changes), []).append(connection_id)
    return {tuple(recipients): its_changes for its_changes, recipients in recipients_by_changes.items()}


def latest_typing(updates: Iterable[TypingStarted], *, now_ms: int) -> list[TypingFrame]:
    """Return one frame per user and channel, of the latest update. Updates whose time has passed are dropped."""
    latest: dict[tuple[str, str], TypingStarted] = {}
    for update in updates:
        if milliseconds(update.until) <= now_ms:
            continue
        key = (update.channel_id, update.user_id)
        if key not in latest or update.until > latest[key].until:
            latest[key] = update
    return [TypingFrame(**update.model_dump()) for update in latest.values()]


def furthest_reads(updates: Iterable[ChannelRead]) -> list[tuple[str, Frame]]:
    """Return one (userId, frame) per user and channel, of the highest read marker."""
    furthest: dict[tuple[str, str], ChannelRead] = {}
    for update in updates:
        key = (update.user_id, update.channel_id)
        if key not in furthest or update.read_seq > furthest[key].read_seq:
            furthest[key] = update
    return [
        (update.user_id, ReadMarkerFrame(channel_id=update.channel_id, read_seq=update.read_seq))
        for update in furthest.values()
    ]
