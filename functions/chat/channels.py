"""What a channel is: its identity, who may see and join it, and how it looks to one user."""

from uuid import UUID, uuid4, uuid5

from functions.contract.errors import ForbiddenError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelKind, ChannelSummary
from functions.contract.model import Shape
from functions.contract.resources import Channel

# Never change this: it is what makes two people's channel the same one whoever opens it first.
DIRECT_NAMESPACE = UUID("0d7c1d0e-52c1-4f3b-8a51-1f5f3f0b7c22")
SYSTEM_USER = "parley"
NO_CHANNEL = "There is no such channel."


class ChannelRecord(Shape):
    """A channel as stored. `announced` is false until the event of its creation is on the bus."""

    channel_id: str
    kind: ChannelKind
    name: str = ""
    created_at: str
    created_by: str
    member_ids: tuple[str, ...] = ()
    member_count: int = 0
    last_seq: int = 0
    announced: bool = False

    @property
    def summary(self) -> ChannelSummary:
        """What events and frames tell of it."""
        return ChannelSummary.model_validate(self.model_dump())


class Membership(Shape):
    """A user in a channel, as stored. `announced` is false until the event of their joining is on the bus."""

    user_id: str
    channel_id: str
    role: str
    joined_at: str
    read_seq: int = 0
    announced: bool = True


def general(created_at: str) -> ChannelRecord:
    """The channel that every user joins."""
    return ChannelRecord(
        channel_id="general",
        kind=ChannelKind.PUBLIC,
        name="general",
        created_at=created_at,
        created_by=SYSTEM_USER,
    )


def named(name: str, kind: ChannelKind, *, created_by: str, created_at: str) -> ChannelRecord:
    """A new public or private channel."""
    return ChannelRecord(
        channel_id=str(uuid4()), kind=kind, name=name, created_at=created_at, created_by=created_by
    )


def direct(user_id: str, other_id: str, *, created_at: str) -> ChannelRecord:
    """The one channel of two people, the same whoever asks for it. Raises ForbiddenError for oneself."""
    if user_id == other_id:
        raise ForbiddenError("A direct message needs somebody else.")
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
    """The channel as a user sees it."""
    read_seq = membership.read_seq if membership else channel.last_seq
    return Channel(
        **channel.model_dump(),
        read_seq=read_seq,
        unread=max(0, channel.last_seq - read_seq),
        role=membership.role if membership else None,
    )


def visible(channel: ChannelRecord | None, membership: Membership | None) -> ChannelRecord:
    """The channel, if the user may know of it: a member, or anybody if it is public. Raises NotFoundError."""
    if channel is None or (membership is None and channel.kind is not ChannelKind.PUBLIC):
        raise NotFoundError(NO_CHANNEL)
    return channel


def check_may_add(channel: ChannelRecord, actor: Membership | None, *, actor_id: str, user_id: str) -> None:
    """Any user may join a public channel; a member may add others. Raises ForbiddenError or NotAMemberError."""
    if channel.kind is ChannelKind.DIRECT:
        raise ForbiddenError("A direct channel has two members for good.")
    if actor is None and (actor_id != user_id or channel.kind is not ChannelKind.PUBLIC):
        raise NotAMemberError("Only a member may add others to this channel.")


def check_may_remove(channel: ChannelRecord, actor: Membership | None, *, actor_id: str, user_id: str) -> None:
    """Anybody leaves by themselves; the owner removes others. Raises ForbiddenError or NotAMemberError."""
    if actor is None:
        raise NotAMemberError("You are not a member of this channel.")
    if channel.kind is ChannelKind.DIRECT:
        raise ForbiddenError("A direct channel has two members for good.")
    if actor_id != user_id and actor.role != "owner":
        raise ForbiddenError("Only the channel's owner may remove others.")
