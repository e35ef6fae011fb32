"""Joining and leaving: the rows and the events of a membership, in the order that loses neither.

Creating and joining write the rows at once, then announce them; what was never announced (the process died
between the two) is announced by the next attempt. Leaving announces first, then deletes, so that an attempt that
died is repeated whole. Either way an event may come twice, never not at all.
"""

from functions.aws import bus, channels, connections, members
from functions.chat.channels import ChannelRecord, Membership
from functions.contract.events import ChannelCreated, ChannelKind, MemberJoined, MemberLeft
from functions.contract.model import Shape, timestamp
from functions.contract.resources import User
from functions.settings import ApiSettings


def create(
    settings: ApiSettings, channel: ChannelRecord, *, first_members: tuple[User, ...], creator_id: str, now_ms: int
) -> ChannelRecord:
    """Make a channel with its first members, or find it there already. The creator owns it, unless it is direct.

    Raises NameTakenError.
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
    _publish(settings, created, creator_id, now_ms)
    channels.mark_announced(settings.channels_table, channel.channel_id)
    return stored


def join(settings: ApiSettings, channel: ChannelRecord, user: User, *, actor_id: str, now_ms: int) -> None:
    """Make a user a member, subscribe their connections, and announce it, once."""
    wanted = members.new(channel, user.user_id, role="member", joined_at=timestamp(now_ms))
    stored = members.add(settings.members_table, settings.channels_table, wanted)
    _subscribe(settings, channel.channel_id, user.user_id, now_ms)
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
    _publish(settings, joined, actor_id, now_ms)
    members.mark_announced(settings.members_table, user.user_id, channel.channel_id)


def leave(settings: ApiSettings, channel: ChannelRecord, user_id: str, *, actor_id: str, now_ms: int) -> None:
    """End a membership: when this returns, no frame of the channel goes in or out for the user.

    What an owner leaves belongs to the member who has been there longest.
    """
    while (leaver := members.get(settings.members_table, user_id, channel.channel_id)) is not None:
        successor = _successor(settings, leaver)
        left = MemberLeft(
            channel_id=channel.channel_id,
            channel=channel.summary,
            user_id=user_id,
            changed_by=actor_id,
            changed_at=timestamp(now_ms),
            new_owner_id=successor.user_id if successor else None,
        )
        _publish(settings, left, actor_id, now_ms)
        # Where the leaver became the owner meanwhile, or the heir left, it is told and tried anew.
        if members.remove(settings.members_table, settings.channels_table, leaver, successor=successor):
            break
    open_now = connections.of_user(settings.connections_table, user_id, now_ms=now_ms)
    connections.unsubscribe(
        settings.subscriptions_table, [channel.channel_id], [each.connection_id for each in open_now]
    )


def _successor(settings: ApiSettings, leaver: Membership) -> Membership | None:
    if leaver.role != "owner":
        return None
    listed = members.of_channel(settings.members_table, leaver.channel_id)
    others = [each for each in listed if each.user_id != leaver.user_id]
    for other in sorted(others, key=lambda each: (each.joined_at, each.user_id)):
        # The list is a moment late: who has just left inherits nothing.
        if successor := members.get(settings.members_table, other.user_id, leaver.channel_id):
            return successor
    return None


def _first_membership(channel: ChannelRecord, user: User, creator_id: str) -> Membership:
    """First members are announced by the channel's own event. What two people share has no owner."""
    is_owner = user.user_id == creator_id and channel.kind is not ChannelKind.DIRECT
    role = "owner" if is_owner else "member"
    member = members.new(channel, user.user_id, role=role, joined_at=channel.created_at)
    return member.model_copy(update={"announced": True})


def _subscribe(settings: ApiSettings, channel_id: str, user_id: str, now_ms: int) -> None:
    open_now = connections.of_user(settings.connections_table, user_id, now_ms=now_ms)
    connections.subscribe(settings.subscriptions_table, [channel_id], open_now)


def _publish(settings: ApiSettings, fact: Shape, actor_id: str, now_ms: int) -> None:
    bus.publish(settings.bus_name, [fact], actor=actor_id, correlation_id=actor_id, now_ms=now_ms)
