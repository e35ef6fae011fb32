"""`/channels/{id}/messages` and the read marker: what was said, and how far one has read."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.aws import bus, channels, members, messages
from functions.aws.clock import now_ms
from functions.chat.channels import NO_CHANNEL, Membership
from functions.contract.errors import InvalidRequestError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelRead
from functions.contract.model import HIGHEST_SEQ
from functions.contract.resources import ReadMarker, ReadPosition
from functions.contract.routes import LONGEST_TERM
from functions.handlers import http
from functions.settings import ApiSettings

router = Router()


@router.get("/channels/<channel_id>/messages")
def list_messages(channel_id: str) -> Response[str]:
    """A page by cursor: the newest, those `before` or `after` a seq, or those that contain `search`."""
    settings = ApiSettings.from_env()
    _member(settings, channel_id)
    before = http.query_number(router, "before", least=1, most=HIGHEST_SEQ)
    after = http.query_number(router, "after", least=0, most=HIGHEST_SEQ)
    term = http.query_text(router, "search")
    limit = http.page_limit(router, 50)
    if after is not None and (before is not None or term):
        raise InvalidRequestError("The query's 'after' goes with neither 'before' nor 'search'.")
    tables = (settings.messages_table, settings.reactions_table)
    if term:
        if len(term) > LONGEST_TERM:
            raise InvalidRequestError(f"The query's 'search' is too long: at most {LONGEST_TERM} characters.")
        return http.answer(messages.search(*tables, channel_id, term, limit=limit, before=before))
    return http.answer(messages.page(*tables, channel_id, limit=limit, before=before, after=after))


@router.put("/channels/<channel_id>/read-marker")
def move_read_marker(channel_id: str) -> Response[str]:
    """Move the caller's read marker forward, and tell their other connections. It never moves back."""
    settings, wanted = ApiSettings.from_env(), http.body_of(router, ReadMarker)
    mine = _member(settings, channel_id)
    channel = channels.get(settings.channels_table, channel_id)
    if channel is None:
        raise NotFoundError(NO_CHANNEL)
    seq = min(wanted.seq, channel.last_seq)
    if members.mark_read(settings.members_table, mine.user_id, channel_id, seq):
        bus.publish(
            settings.bus_name,
            [ChannelRead(channel_id=channel_id, user_id=mine.user_id, read_seq=seq)],
            actor=mine.user_id,
            correlation_id=http.correlation_id(router),
            now_ms=now_ms(),
        )
    return http.answer(ReadPosition(channel_id=channel_id, read_seq=max(seq, mine.read_seq)))


def _member(settings: ApiSettings, channel_id: str) -> Membership:
    known = http.path_id(channel_id, NO_CHANNEL)
    mine = members.get(settings.members_table, http.caller(router).user_id, known)
    if mine is None:
        raise NotAMemberError(members.NOT_A_MEMBER)
    return mine
