"""The routes of the REST API: what each takes and gives. The stack makes them, OpenAPI describes them."""

from dataclasses import dataclass, field
from typing import Literal

from functions.contract.errors import ErrorCode
from functions.contract.model import HIGHEST_SEQ, Shape
from functions.contract.resources import (
    Channel,
    ChannelPage,
    MemberPage,
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
LONGEST_TERM = 100


@dataclass(frozen=True)
class Query:
    """One name of a query string: a number between two, or a text."""

    name: str
    about: str
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None


LIMIT = Query("limit", "How many items the page has at most", least=1, most=MAX_PAGE)
CURSOR = Query("cursor", "Where the page starts: the cursor of the page before")
SCOPE = Query("scope", "discover: the public channels that the caller is not in", choices=("discover",))
BEFORE = Query("before", "Messages below this seq, the newest first asked for", least=1, most=HIGHEST_SEQ)
AFTER = Query("after", "Messages above this seq, the oldest first asked for", least=0, most=HIGHEST_SEQ)
SEARCH = Query("search", "Only messages that hold this, whatever its case", longest=LONGEST_TERM)


@dataclass(frozen=True)
class Route:
    """One route. Every one may answer 401, 429 and 5xx besides what `errors` says."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    about: str
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
    Route("PUT", "/me", "Give the caller another display name", User, body=Profile, errors=_errors(INVALID)),
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
        "The caller's channels, or a page of those to discover",
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
        "Join (`me`), or add somebody",
        Channel,
        errors=_errors(ABSENT, OUTSIDE, FORBIDDEN),
    ),
    Route(
        "DELETE",
        "/channels/{channelId}/members/{userId}",
        "Leave (`me`), or remove somebody",
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
        "The channel with one other person",
        Channel,
        body=NewDirectMessage,
        errors=_errors(INVALID, ABSENT, FORBIDDEN),
    ),
    Route("POST", "/tickets", "A ticket that opens one socket, once", Ticket, status=201),
    Route("POST", "/sign-out", "End the caller's session and its sockets", None, status=204),
)
