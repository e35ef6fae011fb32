"""The routes of the REST API: what each accepts and returns. The CDK stack and the OpenAPI document use them."""

from dataclasses import dataclass, field
from typing import Literal

from functions.contract.errors import ErrorCode
from functions.contract.model import MAX_SEQ, Shape
from functions.contract.resources import (
    Channel,
    ChannelPage,
    MemberPage,
    MentionPage,
    MessagePage,
    NewChannel,
    NewDirectMessage,
    Profile,
    ReadMarker,
    ReadPosition,
    Request,
    Ticket,
    User,
    UserPage,
)

MAX_PAGE = 100
MAX_TERM_CHARACTERS = 100


@dataclass(frozen=True)
class Query:
    """A parameter of the query string: a number in a range, one of some choices, or a text."""

    name: str
    description: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    max_length: int | None = None


LIMIT = Query("limit", "The maximum number of items of the page", minimum=1, maximum=MAX_PAGE)
CURSOR = Query("cursor", "The cursor of the previous page")
SCOPE = Query("scope", "discover: the public channels that the caller is not a member of", choices=("discover",))
BEFORE = Query("before", "The newest messages below this seq", minimum=1, maximum=MAX_SEQ)
AFTER = Query("after", "The oldest messages above this seq", minimum=0, maximum=MAX_SEQ)
SEARCH = Query("search", "Only messages with all of these words, in any case", max_length=MAX_TERM_CHARACTERS)


@dataclass(frozen=True)
class Route:
    """A route. Every route may answer 401, 429 and 5xx in addition to its `errors`."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    description: str
    answer: type[Shape] | None
    status: int = 200
    body: type[Request] | None = None
    query: tuple[Query, ...] = ()
    errors: frozenset[ErrorCode] = field(default_factory=frozenset)


INVALID, ABSENT = ErrorCode.INVALID_REQUEST, ErrorCode.NOT_FOUND
OUTSIDE, FORBIDDEN = ErrorCode.NOT_A_MEMBER, ErrorCode.FORBIDDEN


def _errors(*codes: ErrorCode) -> frozenset[ErrorCode]:
    return frozenset(codes)


ROUTES = (
    Route("GET", "/me", "The caller", User),
    Route("PUT", "/me", "Change the caller's display name", User, body=Profile, errors=_errors(INVALID)),
    Route(
        "GET",
        "/users",
        "A page of the directory, by display name",
        UserPage,
        query=(LIMIT, CURSOR),
        errors=_errors(INVALID),
    ),
    Route(
        "GET",
        "/channels",
        "The caller's channels, or a page of public channels to discover",
        ChannelPage,
        query=(SCOPE, LIMIT, CURSOR),
        errors=_errors(INVALID),
    ),
    Route(
        "POST",
        "/channels",
        "A new channel, owned by the caller",
        Channel,
        status=201,
        body=NewChannel,
        errors=_errors(INVALID, ErrorCode.NAME_TAKEN),
    ),
    Route("GET", "/channels/{channelId}", "One channel", Channel, errors=_errors(ABSENT)),
    Route(
        "GET",
        "/channels/{channelId}/members",
        "A page of a channel's members",
        MemberPage,
        query=(LIMIT, CURSOR),
        errors=_errors(INVALID, ABSENT, OUTSIDE),
    ),
    Route(
        "PUT",
        "/channels/{channelId}/members/{userId}",
        "Join (`me`), or add a user",
        Channel,
        errors=_errors(ABSENT, OUTSIDE, FORBIDDEN),
    ),
    Route(
        "DELETE",
        "/channels/{channelId}/members/{userId}",
        "Leave (`me`), or remove a member",
        None,
        status=204,
        errors=_errors(ABSENT, OUTSIDE, FORBIDDEN),
    ),
    Route(
        "GET",
        "/channels/{channelId}/messages",
        "A page of a channel's messages",
        MessagePage,
        query=(BEFORE, AFTER, LIMIT, SEARCH),
        errors=_errors(INVALID, ABSENT, OUTSIDE),
    ),
    Route(
        "PUT",
        "/channels/{channelId}/read-marker",
        "Move the caller's read marker forward",
        ReadPosition,
        body=ReadMarker,
        errors=_errors(INVALID, ABSENT, OUTSIDE),
    ),
    Route(
        "POST",
        "/direct-messages",
        "The direct channel with another user",
        Channel,
        body=NewDirectMessage,
        errors=_errors(INVALID, ABSENT, FORBIDDEN),
    ),
    Route("GET", "/mentions", "The unread messages that mention the caller", MentionPage),
    Route("POST", "/tickets", "A ticket that opens one socket", Ticket, status=201),
    Route("POST", "/sign-out", "End the caller's session and its sockets", None, status=204),
)
