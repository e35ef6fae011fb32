"""Broadcast a batch of status updates: recompute what they are about, and post it once to each connection.

Presence follows from the table of connections, not from the events, so their order does not matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from functions.aws import connections, observability, sockets, users
from functions.aws.clock import now_ms as current_ms
from functions.aws.concurrency import map_concurrently
from functions.chat.presence import ChangeT, changes_by_recipients, furthest_reads, latest_typing
from functions.contract.events import (
    ChannelRead,
    Envelope,
    TypingStarted,
    UserConnected,
    UserDisconnected,
    UserRenamed,
)
from functions.contract.frames import Frame, NameChange, NamesFrame, PresenceFrame, TypingFrame
from functions.contract.model import Shape
from functions.logic import presence
from functions.logic.disconnection import left_to_the_next_post, prune
from functions.settings import BroadcastStatusSettings

MAX_PRESENCE_CHANGES_PER_FRAME = 150
MAX_NAMES_PER_FRAME = 70
"""How many of the longest ids and names fit into one frame of API Gateway."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """A status update from the queue."""

    record_id: str
    envelope: Envelope[Any]
    queued_ms: int
    """When the queue received it, in milliseconds since the epoch."""
    is_retry: bool
    """Whether a batch with it has failed before: the queue delivers it again, or it was redriven."""

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.envelope.data


def broadcast(settings: BroadcastStatusSettings, updates: Sequence[Update], *, correlation_id: str) -> list[str]:
    """Post the frames of all updates. Return the record ids of the updates whose kind could not be broadcast."""
    failed: list[str] = []
    now_ms = current_ms()
    for event_types, broadcast_kind in BROADCASTS.items():
        of_kind = [update for update in updates if isinstance(update.data, event_types)]
        if not of_kind:
            continue
        try:
            broadcast_kind(settings, of_kind, correlation_id, now_ms)
        except Exception:
            observability.unexpected_error("a broadcast failed", broadcast=broadcast_kind.__name__)
            failed += [update.record_id for update in of_kind]
    return failed


def _broadcast_presence(
    settings: BroadcastStatusSettings, updates: Sequence[Update], correlation_id: str, now_ms: int
) -> None:
    # The failed batch of a retry may have stored a change without posting it.
    pending = {update.data.user_id for update in updates if update.is_retry}
    user_ids = sorted({update.data.user_id for update in updates})
    updated = map_concurrently(
        lambda user_id: presence.update_presence(settings, user_id, broadcast_pending=user_id in pending), user_ids
    )
    changes = [change for change in updated if change]
    for some in _in_parts(changes, MAX_PRESENCE_CHANGES_PER_FRAME):
        _post_changes(
            settings, some, lambda its_changes: PresenceFrame(changes=its_changes), correlation_id, now_ms
        )


def _broadcast_names(
    settings: BroadcastStatusSettings, updates: Sequence[Update], correlation_id: str, now_ms: int
) -> None:
    # The names are read again, so the order of the events does not matter.
    user_ids = sorted({update.data.user_id for update in updates})
    found = map_concurrently(lambda user_id: users.get(settings.users_table, user_id, now_ms=now_ms), user_ids)
    changes = [
        NameChange(user_id=user.user_id, display_name=user.display_name)
        for user in found
        if user and not isinstance(user, users.UnreadableUser)
    ]
    for some in _in_parts(changes, MAX_NAMES_PER_FRAME):
        _post_changes(settings, some, lambda its_changes: NamesFrame(changes=its_changes), correlation_id, now_ms)


def _in_parts(changes: Sequence[ChangeT], size: int) -> Iterator[Sequence[ChangeT]]:
    return (changes[first : first + size] for first in range(0, len(changes), size))


def _post_changes(
    settings: BroadcastStatusSettings,
    changes: Sequence[ChangeT],
    frame_of: Callable[[tuple[ChangeT, ...]], Frame],
    correlation_id: str,
    now_ms: int,
) -> None:
    """Post each user's change to the connections of all users who share a channel with them, and to their own."""
    audiences = presence.audiences(settings, [change.user_id for change in changes], now_ms=now_ms)
    owners = {connection: owner for audience in audiences.values() for connection, owner in audience.items()}
    _post(
        settings,
        [
            (frame_of(its_changes), {connection: owners[connection] for connection in recipients})
            for recipients, its_changes in changes_by_recipients(changes, audiences).items()
        ],
        correlation_id,
    )


def _broadcast_typing(
    settings: BroadcastStatusSettings, updates: Sequence[Update], correlation_id: str, now_ms: int
) -> None:
    latest = latest_typing((update.data for update in updates), now_ms=now_ms)
    live = set(presence.live_channels(settings, sorted({frame.channel_id for frame in latest})))
    frames = [frame for frame in latest if frame.channel_id in live]

    def other_subscribers(frame: TypingFrame) -> dict[str, str]:
        subscribers = connections.subscribers(settings.subscriptions_table, frame.channel_id, now_ms=now_ms)
        return _owners(subscriber for subscriber in subscribers if subscriber.user_id != frame.user_id)

    _post(settings, list(zip(frames, map_concurrently(other_subscribers, frames), strict=True)), correlation_id)


def _broadcast_read_markers(
    settings: BroadcastStatusSettings, updates: Sequence[Update], correlation_id: str, now_ms: int
) -> None:
    reads = furthest_reads(update.data for update in updates)

    def own_connections(read: tuple[str, Frame]) -> dict[str, str]:
        return _owners(connections.of_user(settings.connections_table, read[0], now_ms=now_ms))

    frames = [frame for _, frame in reads]
    _post(settings, list(zip(frames, map_concurrently(own_connections, reads), strict=True)), correlation_id)


def _owners(opened: Iterable[connections.Connection]) -> dict[str, str]:
    return {connection.connection_id: connection.user_id for connection in opened}


def _post(
    settings: BroadcastStatusSettings, posts: Sequence[tuple[Frame, dict[str, str]]], correlation_id: str
) -> None:
    """Post each (frame, {connectionId: userId}) concurrently, and prune the connections that are gone.

    An undelivered frame is not an error: the next update replaces it.
    """

    observability.count("StatusFrames", len(posts))

    def post(frame_and_owners: tuple[Frame, dict[str, str]]) -> dict[str, str]:
        frame, owners = frame_and_owners
        return {connection: owners[connection] for connection in sockets.post(frame.encode(), tuple(owners)).gone}

    def prune_gone(connection_and_owner: tuple[str, str]) -> None:
        connection_id, user_id = connection_and_owner
        with left_to_the_next_post(connection_id):
            prune(
                settings,
                user_id=user_id,
                connection_id=connection_id,
                correlation_id=correlation_id,
                now_ms=current_ms(),
            )

    gone = {connection: owner for owners in map_concurrently(post, posts) for connection, owner in owners.items()}
    map_concurrently(prune_gone, list(gone.items()))


BROADCASTS: dict[
    tuple[type[Shape], ...], Callable[[BroadcastStatusSettings, Sequence[Update], str, int], None]
] = {
    (UserConnected, UserDisconnected): _broadcast_presence,
    (UserRenamed,): _broadcast_names,
    (TypingStarted,): _broadcast_typing,
    (ChannelRead,): _broadcast_read_markers,
}
