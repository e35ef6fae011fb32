"""What the REST API takes and gives. Every page is `items` and, where there is more, how to ask for it."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from functions.contract.errors import ErrorCode
from functions.contract.events import ChannelKind
from functions.contract.model import ChannelId, Person, Shape, Timestamp, UserId
from functions.contract.text import checked_name

Name = Annotated[str, BeforeValidator(checked_name), Field(min_length=1, max_length=64)]


class Request(Shape, extra="forbid"):
    """A body from a client. A field that the route does not take is refused, not ignored."""


class NewChannel(Request):
    """`POST /channels`."""

    name: Name
    kind: Literal["public", "private"] = "public"


class NewDirectMessage(Request):
    """`POST /direct-messages`: the channel with one other person, found or made."""

    user_id: UserId


class ReadMarker(Request):
    """`PUT /channels/{channelId}/read-marker`."""

    seq: Annotated[int, Field(strict=True, ge=0)]


class ReadPosition(Shape):
    """How far the caller has read a channel."""

    channel_id: ChannelId
    read_seq: int


class Profile(Request):
    """`PUT /me`."""

    display_name: Name


class ErrorBody(Shape):
    """The body of every refusal."""

    code: ErrorCode
    message: str
    correlation_id: str | None = None


class User(Shape):
    """A person, with their presence."""

    user_id: UserId
    username: str
    display_name: str
    status: Literal["online", "offline"]
    last_seen_at: Timestamp | None = None


class UserPage(Shape):
    """`GET /users`, by display name. `cursor` is null on the last page."""

    items: tuple[User, ...]
    cursor: str | None = None


class Member(User):
    """A user as a member of one channel."""

    role: Literal["owner", "member"]
    joined_at: Timestamp


class MemberPage(Shape):
    """`GET /channels/{channelId}/members`. `cursor` is null on the last page."""

    items: tuple[Member, ...]
    cursor: str | None = None


class Channel(Shape):
    """A channel as one user sees it. `role` is null where the user is not a member, and then nothing is unread."""

    channel_id: ChannelId
    kind: ChannelKind
    name: str
    created_at: Timestamp
    created_by: UserId
    member_ids: tuple[UserId, ...] = Field((), description="Both people of a direct channel; else empty")
    member_count: int
    last_seq: int
    read_seq: int
    unread: int
    role: Literal["owner", "member"] | None = None


class ChannelPage(Shape):
    """`GET /channels`. `cursor` is null on the last page."""

    items: tuple[Channel, ...]
    cursor: str | None = None


class ReactionCount(Shape):
    """One emoji on a message and who put it there."""

    emoji: str
    user_ids: tuple[UserId, ...]


class Message(Shape):
    """A message as stored. A deleted one keeps its place and loses its text."""

    channel_id: ChannelId
    seq: int
    message_id: str
    client_message_id: str
    sender: Person
    text: str
    sent_at: Timestamp
    edited_at: Timestamp | None = None
    deleted_at: Timestamp | None = None
    deleted_by: UserId | None = None
    reactions: tuple[ReactionCount, ...] = ()
    trace_id: str | None = None


class MessagePage(Shape):
    """`GET /channels/{channelId}/messages`, ascending by seq. `hasMore` is in the direction asked for."""

    items: tuple[Message, ...]
    has_more: bool
    searched_to: int | None = Field(None, description="With `search`: ask on with before=searchedTo")


class Ticket(Shape):
    """`POST /tickets`: opens one socket, once, until it expires."""

    ticket: str
    expires_at: Timestamp
    session_expires_at: Timestamp
