"""What the tables should hold, folded from events alone, in whatever order these come.

The rules are those of the workflow and the API: the later edit wins, a deletion beats all edits, of adding and
taking back a reaction the later counts, and so for joining and leaving.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from functions.contract import events as facts
from functions.contract.events import MalformedEventError, read_event
from ops.events.bus_event import BusEvent


@dataclass
class ProjectedMessage:
    """One message, with all that happened to it."""

    sent: facts.MessageSent
    edits: dict[str, str] = field(default_factory=dict)
    deletions: set[tuple[str, str]] = field(default_factory=set)

    @property
    def is_deleted(self) -> bool:
        """Whether it was taken back."""
        return bool(self.deletions)

    @property
    def edited_at(self) -> str | None:
        """When it got the text that it has."""
        return max(self.edits, default=None)

    @property
    def text(self) -> str:
        """Its text, now."""
        if self.is_deleted:
            return ""
        return self.edits[max(self.edits)] if self.edits else self.sent.text


@dataclass
class Projection:
    """Everything, keyed as the tables are. Values by time keep what was said at each moment, ties included."""

    channels: dict[str, facts.ChannelSummary] = field(default_factory=dict)
    messages: dict[str, ProjectedMessage] = field(default_factory=dict)
    reactions: dict[tuple[str, str, str, str], dict[str, set[bool]]] = field(default_factory=dict)
    memberships: dict[tuple[str, str], dict[str, set[bool]]] = field(default_factory=dict)
    owners: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    malformed: list[BusEvent] = field(default_factory=list)
    events: int = 0

    def is_member(self, user_id: str, channel_id: str) -> bool:
        """Whether somebody is in a channel in the end."""
        moments = self.memberships.get((user_id, channel_id))
        return moments is not None and latest(moments) is True

    def owners_of(self, channel_id: str) -> set[str]:
        """Who owns a channel in the end: nobody, one member, or those of whom it was told at the same moment."""
        owners = self.owners.get(channel_id, {})
        for at in sorted(owners, reverse=True):
            kept = {user for user in owners[at] if self._stayed(user, channel_id, at)}
            if kept:
                return kept
        return set()

    def _stayed(self, user_id: str, channel_id: str, since: str) -> bool:
        """Whether somebody is a member and has not left since."""
        moments = self.memberships.get((user_id, channel_id), {})
        has_left = any(at > since and False in said for at, said in moments.items())
        return self.is_member(user_id, channel_id) and not has_left


def latest(moments: dict[str, set[bool]]) -> bool | None:
    """What was said last; None where both were said at the same moment."""
    said = moments[max(moments)]
    return next(iter(said)) if len(said) == 1 else None


def project(events: Iterable[BusEvent]) -> Projection:
    """Fold events. Poisoned ones change nothing, as the workflow refuses them."""
    projected = Projection()
    changes: list[facts.MessageEdited | facts.MessageDeleted] = []
    for event in events:
        projected.events += 1
        try:
            data: Any = read_event(event.raw).data
        except MalformedEventError:
            projected.malformed.append(event)
            continue
        match data:
            case facts.MessageSent():
                projected.messages.setdefault(data.message_id, ProjectedMessage(data))
            case facts.MessageEdited() | facts.MessageDeleted():
                changes.append(data)
            case facts.ReactionAdded() | facts.ReactionRemoved():
                key = (data.channel_id, data.message_id, data.emoji, data.user_id)
                moments = projected.reactions.setdefault(key, {})
                moments.setdefault(data.reacted_at, set()).add(isinstance(data, facts.ReactionAdded))
            case facts.ChannelCreated():
                projected.channels[data.channel_id] = data.channel
                for user_id in data.first_member_ids:
                    _membership(projected, user_id, data.channel_id, data.changed_at, joined=True)
                if data.channel.kind is not facts.ChannelKind.DIRECT:
                    _owner(projected, data.user_id, data.channel_id, data.changed_at)
            case facts.MemberJoined() | facts.MemberLeft():
                projected.channels.setdefault(data.channel_id, data.channel)
                joined = isinstance(data, facts.MemberJoined)
                _membership(projected, data.user_id, data.channel_id, data.changed_at, joined=joined)
                if isinstance(data, facts.MemberLeft) and data.new_owner_id:
                    _owner(projected, data.new_owner_id, data.channel_id, data.changed_at)
    for change in changes:
        _change(projected, change)
    return projected


def _membership(projected: Projection, user_id: str, channel_id: str, at: str, *, joined: bool) -> None:
    projected.memberships.setdefault((user_id, channel_id), {}).setdefault(at, set()).add(joined)


def _owner(projected: Projection, user_id: str, channel_id: str, at: str) -> None:
    projected.owners.setdefault(channel_id, {}).setdefault(at, set()).add(user_id)


def _change(projected: Projection, change: facts.MessageEdited | facts.MessageDeleted) -> None:
    message = projected.messages.get(change.message_id)
    if message is None:
        return
    if isinstance(change, facts.MessageDeleted):
        message.deletions.add((change.deleted_at, change.deleted_by))
    elif change.edited_by == message.sent.sender.user_id:
        message.edits[change.edited_at] = change.text
