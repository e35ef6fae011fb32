"""Project events, in any order, to the state that the tables should hold.

The rules are those of the workflow and the API: the latest edit wins, a deletion wins over every edit, and the
later of adding and removing a reaction wins, as does the later of joining and leaving.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from functions.contract import events as contract
from functions.contract.events import MalformedEventError, read_event
from functions.contract.operations import OPERATIONS
from ops.events.bus_event import BusEvent


@dataclass
class ProjectedMessage:
    """One message with its edits (text by editedAt) and deletions (deletedAt, deletedBy).

    `sent` is its first event. A send that was repeated, because its ack was lost, has an event for each try, with
    its own time: `repeats`. Which of them was stored, no event says.
    """

    sent: contract.MessageSent
    repeats: list[contract.MessageSent] = field(default_factory=list)
    edits: dict[str, str] = field(default_factory=dict)
    deletions: set[tuple[str, str]] = field(default_factory=set)
    edited_mentions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, sent: contract.MessageSent) -> None:
        """Add another event of the same message."""
        first, later = sorted((self.sent, sent), key=lambda each: each.sent_at)
        self.sent = first
        self.repeats.append(later)

    @property
    def is_deleted(self) -> bool:
        """Whether there is any deletion."""
        return bool(self.deletions)

    @property
    def edited_at(self) -> str | None:
        """The time of the latest edit; None without one."""
        return max(self.edits, default=None)

    @property
    def mentions(self) -> tuple[str, ...]:
        """The usernames that the text mentions."""
        if self.is_deleted:
            return ()
        return self.edited_mentions[max(self.edits)] if self.edits else self.sent.mentions or ()

    @property
    def text(self) -> str:
        """The text that should be stored: empty if deleted."""
        return self.text_after(self.sent)

    def text_after(self, sent: contract.MessageSent) -> str:
        """The text that should be stored, if this one of the message's events was."""
        if self.is_deleted:
            return ""
        return self.edits[max(self.edits)] if self.edits else sent.text


@dataclass
class Projection:
    """The projected state, keyed like the tables.

    `reactions` (by channelId, messageId, emoji, userId) and `memberships` (by userId, channelId) map each time to
    the values set then: True for added or joined. `owners` (by channelId) maps each time to the ids of the users
    who became owner then. There are several values if events have the same time.
    """

    channels: dict[str, contract.ChannelSummary] = field(default_factory=dict)
    messages: dict[str, ProjectedMessage] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str, str], dict[str, set[bool]]] = field(default_factory=dict)
    memberships: dict[tuple[str, str], dict[str, set[bool]]] = field(default_factory=dict)
    owners: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    reads: dict[tuple[str, str], int] = field(default_factory=dict)
    """The furthest read marker by userId and channelId."""
    malformed: list[BusEvent] = field(default_factory=list)
    events: int = 0

    def is_member(self, user_id: str, channel_id: str) -> bool:
        """Whether a user is a member after all events."""
        moments = self.memberships.get((user_id, channel_id))
        return moments is not None and latest(moments) is True

    def owners_of(self, channel_id: str) -> set[str]:
        """The owner after all events: no user, one, or several whose events have the same time."""
        owners = self.owners.get(channel_id, {})
        for at in sorted(owners, reverse=True):
            still_members = {user for user in owners[at] if self._stayed(user, channel_id, at)}
            if still_members:
                return still_members
        return set()

    def _stayed(self, user_id: str, channel_id: str, since: str) -> bool:
        """Whether a user is a member and has not left after `since`."""
        moments = self.memberships.get((user_id, channel_id), {})
        has_left = any(at > since and False in values for at, values in moments.items())
        return self.is_member(user_id, channel_id) and not has_left


def latest(moments: dict[str, set[bool]]) -> bool | None:
    """The value at the latest time; None if both True and False were set then."""
    values = moments[max(moments)]
    return next(iter(values)) if len(values) == 1 else None


def project(events: Iterable[BusEvent]) -> Projection:
    """Project events; those of operators' commands are left out.

    Malformed events are collected and have no effect, because the workflow refuses them."""
    projected = Projection()
    changes: list[contract.MessageEdited | contract.MessageDeleted] = []
    for event in events:
        if event.detail_type in OPERATIONS:
            continue
        projected.events += 1
        try:
            data: Any = read_event(event.raw).data
        except MalformedEventError:
            projected.malformed.append(event)
            continue
        match data:
            case contract.MessageSent():
                if data.message_id in projected.messages:
                    projected.messages[data.message_id].add(data)
                else:
                    projected.messages[data.message_id] = ProjectedMessage(data)
            case contract.MessageEdited() | contract.MessageDeleted():
                changes.append(data)
            case contract.ReactionAdded() | contract.ReactionRemoved():
                key = (data.channel_id, data.message_id, data.emoji, data.user_id)
                moments = projected.reactions.setdefault(key, {})
                moments.setdefault(data.reacted_at, set()).add(isinstance(data, contract.ReactionAdded))
            case contract.ChannelRead():
                marker = (data.user_id, data.channel_id)
                projected.reads[marker] = max(projected.reads.get(marker, 0), data.read_seq)
            case contract.ChannelCreated():
                projected.channels[data.channel_id] = data.channel
                for user_id in data.first_member_ids:
                    _set_membership(projected, user_id, data.channel_id, data.changed_at, joined=True)
                if data.channel.kind is not contract.ChannelKind.DIRECT:
                    _set_owner(projected, data.user_id, data.channel_id, data.changed_at)
            case contract.MemberJoined() | contract.MemberLeft():
                projected.channels.setdefault(data.channel_id, data.channel)
                joined = isinstance(data, contract.MemberJoined)
                _set_membership(projected, data.user_id, data.channel_id, data.changed_at, joined=joined)
                if isinstance(data, contract.MemberLeft) and data.new_owner_id:
                    _set_owner(projected, data.new_owner_id, data.channel_id, data.changed_at)
    for change in changes:
        _apply(projected, change)
    return projected


def _set_membership(projected: Projection, user_id: str, channel_id: str, at: str, *, joined: bool) -> None:
    projected.memberships.setdefault((user_id, channel_id), {}).setdefault(at, set()).add(joined)


def _set_owner(projected: Projection, user_id: str, channel_id: str, at: str) -> None:
    projected.owners.setdefault(channel_id, {}).setdefault(at, set()).add(user_id)


def _apply(projected: Projection, change: contract.MessageEdited | contract.MessageDeleted) -> None:
    message = projected.messages.get(change.message_id)
    if message is None:
        return
    if isinstance(change, contract.MessageDeleted):
        message.deletions.add((change.deleted_at, change.deleted_by))
    elif change.edited_by == message.sent.sender.user_id:
        message.edits[change.edited_at] = change.text
        message.edited_mentions[change.edited_at] = change.mentions or ()
