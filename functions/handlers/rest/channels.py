"""`/channels`, their members, and `/direct-messages`."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.aws import channels, members, rates, users
from functions.aws.clock import now_ms
from functions.chat.channels import (
    MAX_CHANNELS_BY_OTHERS,
    NO_CHANNEL,
    ChannelRecord,
    Membership,
    check_may_add,
    check_may_remove,
    direct,
    named,
    view,
    visible,
)
from functions.chat.rate import MEMBERSHIP_CHANGES, NEW_CHANNELS
from functions.contract.errors import ForbiddenError, InvalidRequestError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelKind
from functions.contract.model import timestamp
from functions.contract.resources import ChannelPage, Member, MemberPage, NewChannel, NewDirectMessage, User
from functions.handlers import http
from functions.handlers.rest import registered
from functions.logic import membership
from functions.settings import ApiSettings

router = Router()

NO_USER = "This user does not exist."


@router.get("/channels")
def list_channels() -> Response[str]:
    """Return the caller's channels, or with `scope=discover` a page of public channels they are not in."""
    scope = http.query_text(router, "scope")
    if scope == "discover":
        return _discover()
    if scope is not None:
        raise InvalidRequestError("The query parameter 'scope' is invalid: use 'discover', or leave it out.")
    settings, principal = ApiSettings.from_env(), http.caller(router)
    registered.caller(router, settings)
    memberships = {
        membership.channel_id: membership
        for membership in members.of_user(settings.members_table, principal.user_id)
    }
    # A channel that was created a moment ago would be counted as unreadable.
    records = channels.get_many(settings.channels_table, memberships, consistent=True)
    views = [view(record, memberships[channel_id]) for channel_id, record in records.items()]
    views.sort(key=lambda channel: (channel.name, channel.channel_id))
    return http.answer(ChannelPage(items=tuple(views), unreadable=len(memberships) - len(views)))


def _discover() -> Response[str]:
    settings, principal = ApiSettings.from_env(), http.caller(router)
    after = http.cursor_of(router, 2)
    page, last = channels.public_by_name(
        settings.channels_table, limit=http.page_limit(router, 50), after=(after[0], after[1]) if after else None
    )
    mine = {membership.channel_id for membership in members.of_user(settings.members_table, principal.user_id)}
    others = tuple(view(channel, None) for channel in page if channel.channel_id not in mine)
    return http.answer(ChannelPage(items=others, cursor=http.next_cursor(last)))


@router.post("/channels")
def create_channel() -> Response[str]:
    """Create a channel, owned by the caller."""
    settings, body, now = ApiSettings.from_env(), http.body_of(router, NewChannel), now_ms()
    user = registered.caller(router, settings)
    rates.check(settings.rates_table, user.user_id, NEW_CHANNELS, now_ms=now)
    channel = named(body.name, ChannelKind(body.kind), created_by=user.user_id, created_at=timestamp(now))
    membership.create(
        settings,
        channel,
        first_members=(user,),
        creator_id=user.user_id,
        correlation_id=http.correlation_id(router),
        now_ms=now,
    )
    return _answer_channel(settings, channel.channel_id, user.user_id, status=201)


@router.post("/direct-messages")
def open_direct_channel() -> Response[str]:
    """Return the direct channel with another user, created at the first request of either user."""
    settings, body, now = ApiSettings.from_env(), http.body_of(router, NewDirectMessage), now_ms()
    user = registered.caller(router, settings)
    other = users.get(settings.users_table, body.user_id, now_ms=now)
    if other is None:
        raise NotFoundError(NO_USER)
    rates.check(settings.rates_table, user.user_id, NEW_CHANNELS, now_ms=now)
    channel = direct(user.user_id, other.user_id, created_at=timestamp(now))
    # A channel from before the erasure of the other user can still be opened; no one would read a new one.
    if isinstance(other, users.ErasedUser) and not members.get(
        settings.members_table, user.user_id, channel.channel_id
    ):
        raise NotFoundError(NO_USER)
    membership.create(
        settings,
        channel,
        first_members=(user, other),
        creator_id=user.user_id,
        correlation_id=http.correlation_id(router),
        now_ms=now,
    )
    return _answer_channel(settings, channel.channel_id, user.user_id)


@router.get("/channels/<channel_id>")
def read_channel(channel_id: str) -> Response[str]:
    """Return a channel that the caller is a member of or may join."""
    return _answer_channel(ApiSettings.from_env(), channel_id, http.caller(router).user_id)


@router.get("/channels/<channel_id>/members")
def list_members(channel_id: str) -> Response[str]:
    """Return a page of a channel's members with their presence. For members only."""
    settings, principal = ApiSettings.from_env(), http.caller(router)
    channel, mine = _visible_channel(settings, channel_id, principal.user_id)
    if mine is None:
        raise NotAMemberError(members.NOT_A_MEMBER)
    after = http.cursor_of(router, 1)
    page, unreadable, last = members.page_of_channel(
        settings.members_table,
        channel.channel_id,
        limit=http.page_limit(router, 100),
        after_user_id=after[0] if after else None,
    )
    listed = users.get_many(settings.users_table, [member.user_id for member in page], now_ms=now_ms())
    items = tuple(
        Member(**listed[member.user_id].model_dump(), role=member.role, joined_at=member.joined_at)
        for member in page
        if member.user_id in listed
    )
    cursor = http.next_cursor((last,) if last else None)
    return http.answer(MemberPage(items=items, cursor=cursor, unreadable=unreadable))


@router.put("/channels/<channel_id>/members/<user_id>")
def add_member(channel_id: str, user_id: str) -> Response[str]:
    """Join (`me`), or add another user. Idempotent."""
    settings, now = ApiSettings.from_env(), now_ms()
    actor = registered.caller(router, settings)
    user = actor if user_id in {"me", actor.user_id} else _user(settings, user_id)
    channel, mine = _visible_channel(settings, channel_id, actor.user_id)
    if mine is None or user.user_id != actor.user_id:
        check_may_add(channel, mine, actor_id=actor.user_id, user_id=user.user_id)
    if user.user_id != actor.user_id:
        _check_has_few_channels(settings, user)
    rates.check(settings.rates_table, actor.user_id, MEMBERSHIP_CHANGES, now_ms=now)
    membership.join(
        settings, channel, user, actor_id=actor.user_id, correlation_id=http.correlation_id(router), now_ms=now
    )
    return _answer_channel(settings, channel_id, actor.user_id)


@router.delete("/channels/<channel_id>/members/<user_id>")
def remove_member(channel_id: str, user_id: str) -> Response[str]:
    """Leave (`me`), or as the owner remove another member. Idempotent."""
    settings, now, principal = ApiSettings.from_env(), now_ms(), http.caller(router)
    channel_id = http.path_id(channel_id, NO_CHANNEL)
    leaver = principal.user_id if user_id == "me" else http.path_id(user_id, NO_USER)
    mine = members.get(settings.members_table, principal.user_id, channel_id)
    if mine is None and leaver == principal.user_id:
        # The user may have left by a request that was interrupted, and repeat it. Done whether the channel exists
        # or not: the answer must not show that it does.
        rates.check(settings.rates_table, principal.user_id, MEMBERSHIP_CHANGES, now_ms=now)
        membership.end_subscriptions(settings, channel_id, leaver, now_ms=now)
    channel = visible(channels.get(settings.channels_table, channel_id), mine)
    if mine is not None or leaver != principal.user_id:
        check_may_remove(channel, mine, actor_id=principal.user_id, user_id=leaver)
        rates.check(settings.rates_table, principal.user_id, MEMBERSHIP_CHANGES, now_ms=now)
        membership.leave(
            settings,
            channel,
            leaver,
            actor_id=principal.user_id,
            correlation_id=http.correlation_id(router),
            now_ms=now,
        )
    return http.no_content()


def _visible_channel(
    settings: ApiSettings, channel_id: str, user_id: str
) -> tuple[ChannelRecord, Membership | None]:
    """Return a channel and the user's membership of it. Raises NotFoundError if they may not see the channel."""
    mine = members.get(settings.members_table, user_id, http.path_id(channel_id, NO_CHANNEL))
    return visible(channels.get(settings.channels_table, channel_id), mine), mine


def _answer_channel(settings: ApiSettings, channel_id: str, user_id: str, *, status: int = 200) -> Response[str]:
    return http.answer(view(*_visible_channel(settings, channel_id, user_id)), status=status)


def _user(settings: ApiSettings, user_id: str) -> User:
    user = users.get(settings.users_table, http.path_id(user_id, NO_USER), now_ms=now_ms())
    if user is None or isinstance(user, users.ErasedUser):
        raise NotFoundError(NO_USER)
    return user


def _check_has_few_channels(settings: ApiSettings, user: User) -> None:
    """Check that others may add the user to one more channel. Raises ForbiddenError."""
    count = members.count_of_user(settings.members_table, user.user_id, limit=MAX_CHANNELS_BY_OTHERS)
    if count >= MAX_CHANNELS_BY_OTHERS:
        raise ForbiddenError(
            f"{user.display_name} is in {MAX_CHANNELS_BY_OTHERS} channels already. Others cannot add them to more."
        )
