"""Channels and memberships: their identity, who may see, join and leave a channel, and how a user sees it."""

from uuid import UUID, uuid4, uuid5

from functions.contract.errors import ForbiddenError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelKind, ChannelSummary
from functions.contract.model import Role
from functions.contract.resources import Channel
from functions.contract.rows import ChannelRow, MemberIndexRow, MemberRow

# Never change this: the id of a direct channel follows from it, so both users get the same channel.
DIRECT_NAMESPACE = UUID("0d7c1d0e-52c1-4f3b-8a51-1f5f3f0b7c22")
SYSTEM_USER = "parley"
NO_CHANNEL = "This channel does not exist, or you may not see it."


class ChannelRecord(ChannelRow):
    """A stored channel."""

    @property
    def summary(self) -> ChannelSummary:
        """The part of the channel that events and frames contain."""
        return ChannelSummary.model_validate(self.model_dump())


class ListedMember(MemberIndexRow):
    """A membership as the index of a channel's members has it."""


class Membership(MemberRow, ListedMember):
    """A stored membership."""


def general(created_at: str) -> ChannelRecord:
    """Return the channel `general`, which every user joins."""
    return ChannelRecord(
        channel_id="general",
        kind=ChannelKind.PUBLIC,
        name="general",
        created_at=created_at,
        created_by=SYSTEM_USER,
    )


def named(name: str, kind: ChannelKind, *, created_by: str, created_at: str) -> ChannelRecord:
    """Return a new public or private channel."""
    return ChannelRecord(
        channel_id=str(uuid4()), kind=kind, name=name, created_at=created_at, created_by=created_by
    )


def direct(user_id: str, other_id: str, *, created_at: str) -> ChannelRecord:
    """Return the direct channel of two users, the same for both. Raises ForbiddenError if they are one user."""
    if user_id == other_id:
        raise ForbiddenError("You cannot open a direct channel with yourself. Choose another user.")
    pair = tuple(sorted((user_id, other_id)))
    return ChannelRecord(
        channel_id=f"direct-{uuid5(DIRECT_NAMESPACE, '|'.join(pair))}",
        kind=ChannelKind.DIRECT,
        name="",
        created_at=created_at,
        created_by=user_id,
        member_ids=pair,
    )


def view(channel: ChannelRecord, membership: Membership | None) -> Channel:
    """Return the channel as the user of this membership (None: not a member) sees it."""
    read_seq = membership.read_seq if membership else channel.last_seq
    return Channel(
        **channel.model_dump(),
        read_seq=read_seq,
        unread=max(0, channel.last_seq - read_seq),
        role=membership.role if membership else None,
    )


def visible(channel: ChannelRecord | None, membership: Membership | None) -> ChannelRecord:
    """Return the channel if the user may see it: it is public or they are a member. Raises NotFoundError."""
    if channel is None or (membership is None and channel.kind is not ChannelKind.PUBLIC):
        raise NotFoundError(NO_CHANNEL)
    return channel


MAX_CHANNELS_BY_OTHERS = 500
"""Others cannot add a user to more channels than this: each makes the user's `$connect` slower, and anyone may
create channels and add anyone."""


def check_may_add(channel: ChannelRecord, actor: Membership | None, *, actor_id: str, user_id: str) -> None:
    """Check that the actor may add the user. Raises ForbiddenError or NotAMemberError.

    Any user may join a public channel; a member may add others.
    """
    if channel.kind is ChannelKind.DIRECT:
        raise ForbiddenError("The members of a direct channel cannot be changed.")
    if actor is None and (actor_id != user_id or channel.kind is not ChannelKind.PUBLIC):
        raise NotAMemberError("Only a member can add users to this channel. Ask a member to do it.")


def check_may_remove(channel: ChannelRecord, actor: Membership | None, *, actor_id: str, user_id: str) -> None:
    """Check that the actor may remove the user. Raises ForbiddenError or NotAMemberError.

    Members may leave; the owner may remove others.
    """
    if actor is None:
        raise NotAMemberError("You are not a member of this channel.")
    if channel.kind is ChannelKind.DIRECT:
        raise ForbiddenError("The members of a direct channel cannot be changed.")
    if actor_id != user_id and actor.role != Role.OWNER:
        raise ForbiddenError("Only the channel's owner can remove other members.")
