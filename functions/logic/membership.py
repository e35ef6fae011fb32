"""Create, join and leave a channel: write the rows and publish the events so that a crash loses neither.

Creating and joining write the rows, then publish the event and mark the rows as announced. After a crash in
between, the next attempt publishes the event. Leaving publishes the event, then deletes the row, so after a crash
the next attempt repeats both. An event may be published twice, but is never lost.
"""

from functions.aws import bus, channels, connections, deadline, members, users
from functions.chat.channels import ChannelRecord, Membership
from functions.contract.events import ChannelCreated, ChannelKind, MemberJoined, MemberLeft
from functions.contract.model import Role, Shape, milliseconds, timestamp
from functions.contract.resources import User
from functions.settings import ApiSettings

INDEX_ATTEMPTS = 5
INDEX_PAUSE_SECONDS = 0.2


def create(
    settings: ApiSettings,
    channel: ChannelRecord,
    *,
    first_members: tuple[User, ...],
    creator_id: str,
    correlation_id: str,
    now_ms: int,
) -> ChannelRecord:
    """Create a channel with its first members, or return the existing one.

    The creator is its owner, unless it is a direct channel. Raises NameTakenError, and UnreadableError if the
    channel exists and its row cannot be read.
    """
    memberships = [_first_membership(channel, user, creator_id) for user in first_members]
    stored = channels.create(settings.channels_table, settings.members_table, channel, memberships)
    for user in first_members:
        _subscribe(settings, channel.channel_id, user.user_id, now_ms)
    if stored.announced:
        return stored
    created = ChannelCreated(
        channel_id=channel.channel_id,
        channel=stored.summary,
        user_id=creator_id,
        first_member_ids=tuple(user.user_id for user in first_members),
        changed_at=stored.created_at,
    )
    _publish(settings, created, creator_id, correlation_id, now_ms)
    channels.mark_announced(settings.channels_table, channel.channel_id)
    return stored


def join(
    settings: ApiSettings,
    channel: ChannelRecord,
    user: User,
    *,
    actor_id: str,
    correlation_id: str,
    now_ms: int,
) -> None:
    """Make a user a member, subscribe their connections, and publish MemberJoined unless it was published.

    A user who is removed at the same time is not subscribed when both have returned. Raises UnreadableError if the
    membership exists and its row cannot be read.
    """
    new = members.new(channel, user.user_id, role=Role.MEMBER, joined_at=timestamp(now_ms))
    stored = members.add(settings.members_table, settings.channels_table, new)
    _subscribe(settings, channel.channel_id, user.user_id, now_ms)
    if members.get(settings.members_table, user.user_id, channel.channel_id) is None:
        _unsubscribe(settings, channel.channel_id, user.user_id, now_ms)
        return
    if stored.announced:
        return
    joined = MemberJoined(
        channel_id=channel.channel_id,
        channel=channel.summary,
        user_id=user.user_id,
        display_name=user.display_name,
        changed_by=actor_id,
        changed_at=stored.joined_at,
    )
    _publish(settings, joined, actor_id, correlation_id, now_ms)
    members.mark_announced(settings.members_table, user.user_id, channel.channel_id)


def leave(
    settings: ApiSettings,
    channel: ChannelRecord,
    user_id: str,
    *,
    actor_id: str,
    correlation_id: str,
    now_ms: int,
) -> None:
    """End a membership. When this returns, the user can no longer send to the channel or receive its frames.

    If the owner leaves, the longest-standing member who was not erased becomes the owner. A user who is added at
    the same time is subscribed when both have returned. A user who has left and joined again meanwhile stays.
    """
    joined_at: str | None = None
    while (leaver := members.get(settings.members_table, user_id, channel.channel_id)) is not None:
        if joined_at not in (None, leaver.joined_at):
            break
        joined_at = leaver.joined_at
        new_owner = _new_owner(settings, leaver, now_ms)
        left = MemberLeft(
            channel_id=channel.channel_id,
            channel=channel.summary,
            user_id=user_id,
            changed_by=actor_id,
            # Later than the joining, which another process has dated by its clock, or after this request began:
            # readers take the later of the two.
            changed_at=timestamp(max(now_ms, milliseconds(joined_at) + 1)),
            new_owner_id=new_owner.user_id if new_owner else None,
        )
        _publish(settings, left, actor_id, correlation_id, now_ms)
        # If the leaver became the owner or the new owner left in the meantime, publish and try again.
        if members.remove(settings.members_table, settings.channels_table, leaver, new_owner=new_owner):
            break
    end_subscriptions(settings, channel.channel_id, user_id, now_ms=now_ms)


def end_subscriptions(settings: ApiSettings, channel_id: str, user_id: str, *, now_ms: int) -> None:
    """Delete the subscriptions of a user who has left, unless they are a member again. Idempotent."""
    _unsubscribe(settings, channel_id, user_id, now_ms)
    if members.get(settings.members_table, user_id, channel_id) is not None:
        # The user was added again at the same time.
        _subscribe(settings, channel_id, user_id, now_ms)


def _new_owner(settings: ApiSettings, leaver: Membership, now_ms: int) -> Membership | None:
    """The longest-standing other member if the owner leaves; None if there is none, or another member leaves."""
    if leaver.role != Role.OWNER:
        return None
    for _ in range(INDEX_ATTEMPTS):
        listed = members.of_channel(settings.members_table, leaver.channel_id)
        others = [member for member in listed if member.user_id != leaver.user_id]
        erased = 0
        for other in sorted(others, key=lambda member: (member.joined_at, member.user_id)):
            # The list is eventually consistent, so it may contain users who have left: read the row itself.
            new_owner = members.get(settings.members_table, other.user_id, leaver.channel_id)
            if new_owner is None:
                continue
            if not _is_erased(settings, other.user_id, now_ms):
                return new_owner
            # An erased user stays a member, but could not act as the owner.
            erased += 1
        channel = channels.get(settings.channels_table, leaver.channel_id)
        if channel is None or channel.member_count <= 1 + erased:
            return None
        # A member who joined just now is counted, and not in the list yet.
        deadline.sleep(INDEX_PAUSE_SECONDS)
    return None


def _is_erased(settings: ApiSettings, user_id: str, now_ms: int) -> bool:
    return isinstance(users.get(settings.users_table, user_id, now_ms=now_ms), users.ErasedUser)


def _first_membership(channel: ChannelRecord, user: User, creator_id: str) -> Membership:
    """A membership announced by the event of the channel's creation. A direct channel has no owner."""
    is_owner = user.user_id == creator_id and channel.kind is not ChannelKind.DIRECT
    role = Role.OWNER if is_owner else Role.MEMBER
    member = members.new(channel, user.user_id, role=role, joined_at=channel.created_at)
    return member.model_copy(update={"announced": True})


def _subscribe(settings: ApiSettings, channel_id: str, user_id: str, now_ms: int) -> None:
    opened = connections.of_user(settings.connections_table, user_id, now_ms=now_ms)
    connections.subscribe(settings.subscriptions_table, [channel_id], opened)


def _unsubscribe(settings: ApiSettings, channel_id: str, user_id: str, now_ms: int) -> None:
    opened = connections.of_user(settings.connections_table, user_id, now_ms=now_ms, with_unreadable=True)
    connections.unsubscribe(
        settings.subscriptions_table, [channel_id], [connection.connection_id for connection in opened]
    )


def _publish(settings: ApiSettings, fact: Shape, actor_id: str, correlation_id: str, now_ms: int) -> None:
    bus.publish(settings.bus_name, [fact], actor=actor_id, correlation_id=correlation_id, now_ms=now_ms)
