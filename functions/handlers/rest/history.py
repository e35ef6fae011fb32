"""`/channels/{channelId}/messages`, `/channels/{channelId}/read-marker` and `/mentions`."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.aws import bus, channels, members, messages
from functions.aws.clock import now_ms
from functions.aws.concurrency import map_concurrently
from functions.chat.channels import NO_CHANNEL, Membership
from functions.contract.errors import InvalidRequestError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelRead
from functions.contract.model import MAX_SEQ
from functions.contract.resources import ChannelMentions, MentionPage, ReadMarker, ReadPosition
from functions.contract.routes import MAX_TERM_CHARACTERS
from functions.handlers import http
from functions.settings import ApiSettings

router = Router()


@router.get("/channels/<channel_id>/messages")
def list_messages(channel_id: str) -> Response[str]:
    """Return a page of messages: the newest, those `before` or `after` a seq, or those that contain `search`."""
    settings = ApiSettings.from_env()
    _member(settings, channel_id)
    before = http.query_number(router, "before", minimum=1, maximum=MAX_SEQ)
    after = http.query_number(router, "after", minimum=0, maximum=MAX_SEQ)
    term = http.query_text(router, "search")
    limit = http.page_limit(router, 50)
    if after is not None and (before is not None or term):
        raise InvalidRequestError(
            "The query parameter 'after' cannot be combined with 'before' or 'search'. Remove one."
        )
    tables = (settings.messages_table, settings.reactions_table, settings.text_keys_table)
    if term:
        if len(term) > MAX_TERM_CHARACTERS:
            raise InvalidRequestError(
                f"The query parameter 'search' is too long: use at most {MAX_TERM_CHARACTERS} characters."
            )
        return http.answer(messages.search(*tables, channel_id, term, limit=limit, before=before))
    return http.answer(messages.page(*tables, channel_id, limit=limit, before=before, after=after))


@router.put("/channels/<channel_id>/read-marker")
def move_read_marker(channel_id: str) -> Response[str]:
    """Move the caller's read marker forward and publish ChannelRead. It never moves back."""
    settings, body = ApiSettings.from_env(), http.body_of(router, ReadMarker)
    mine = _member(settings, channel_id)
    channel = channels.get(settings.channels_table, channel_id)
    if channel is None:
        raise NotFoundError(NO_CHANNEL)
    seq = min(body.seq, channel.last_seq)
    if members.mark_read(settings.members_table, mine.user_id, channel_id, seq):
        bus.publish(
            settings.bus_name,
            [ChannelRead(channel_id=channel_id, user_id=mine.user_id, read_seq=seq)],
            actor=mine.user_id,
            correlation_id=http.correlation_id(router),
            now_ms=now_ms(),
        )
    return http.answer(ReadPosition(channel_id=channel_id, read_seq=max(seq, mine.read_seq)))


@router.get("/mentions")
def list_mentions() -> Response[str]:
    """Return the unread messages that mention the caller. A client keeps the list current by its frames."""
    settings, principal = ApiSettings.from_env(), http.caller(router)
    mine = {each.channel_id: each for each in members.of_user(settings.members_table, principal.user_id)}
    records = channels.get_many(settings.channels_table, mine).values()
    unread = [mine[record.channel_id] for record in records if record.last_seq > mine[record.channel_id].read_seq]

    def mentions_in(membership: Membership) -> ChannelMentions:
        seqs = messages.unread_mentions(
            settings.messages_table,
            membership.channel_id,
            principal.username,
            read_seq=membership.read_seq,
        )
        return ChannelMentions(channel_id=membership.channel_id, seqs=seqs)

    found = map_concurrently(mentions_in, unread)
    return http.answer(MentionPage(items=tuple(item for item in found if item.seqs)))


def _member(settings: ApiSettings, channel_id: str) -> Membership:
    channel_id = http.path_id(channel_id, NO_CHANNEL)
    mine = members.get(settings.members_table, http.caller(router).user_id, channel_id)
    if mine is None:
        raise NotAMemberError(members.NOT_A_MEMBER)
    return mine
