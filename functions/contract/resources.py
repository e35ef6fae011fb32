"""The request and response bodies of the REST API. A page has `items` and how to request the next page."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from functions.contract.errors import ErrorCode
from functions.contract.events import ChannelKind
from functions.contract.model import ChannelId, Mentions, Person, Role, Shape, Timestamp, UserId
from functions.contract.text import checked_name

Name = Annotated[str, BeforeValidator(checked_name), Field(min_length=1, max_length=64)]


class Request(Shape, extra="forbid"):
    """A request body. Unknown fields are refused, not ignored."""


class NewChannel(Request):
    """`POST /channels`."""

    name: Name
    kind: Literal["public", "private"] = "public"


class NewDirectMessage(Request):
    """`POST /direct-messages`: open the direct channel with another user."""

    user_id: UserId


class ReadMarker(Request):
    """`PUT /channels/{channelId}/read-marker`."""

    seq: Annotated[int, Field(strict=True, ge=0)]


class ReadPosition(Shape):
    """The caller's read marker in a channel."""

    channel_id: ChannelId
    read_seq: int


class Profile(Request):
    """`PUT /me`."""

    display_name: Name


class ErrorBody(Shape):
    """The body of every error response."""

    code: ErrorCode
    message: str
    correlation_id: str | None = None


class User(Shape):
    """A user with their presence."""

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

    role: Role
    joined_at: Timestamp


class MemberPage(Shape):
    """`GET /channels/{channelId}/members`. `cursor` is null on the last page."""

    items: tuple[Member, ...]
    cursor: str | None = None
    unreadable: int = Field(default=0, description="How many more there are, whose stored rows are damaged")


class Channel(Shape):
    """A channel as one user sees it. If the user is not a member, `role` is null and `unread` is 0."""

    channel_id: ChannelId
    kind: ChannelKind
    name: str
    created_at: Timestamp
    created_by: UserId
    member_ids: tuple[UserId, ...] = Field((), description="Both users of a direct channel; otherwise empty")
    member_count: int
    last_seq: int
    read_seq: int
    unread: int
    role: Role | None = None


class ChannelPage(Shape):
    """`GET /channels`. `cursor` is null on the last page."""

    items: tuple[Channel, ...]
    cursor: str | None = None
    unreadable: int = Field(default=0, description="How many more there are, whose stored rows are damaged")


class ReactionCount(Shape):
    """One emoji on a message, and the users who added it."""

    emoji: str
    user_ids: tuple[UserId, ...]


class Message(Shape):
    """A message as stored. A deleted message keeps its seq and loses its text."""

    channel_id: ChannelId
    seq: int
    message_id: str
    client_message_id: str
    sender: Person
    text: str
    mentions: Mentions | None = None
    sent_at: Timestamp
    edited_at: Timestamp | None = None
    deleted_at: Timestamp | None = None
    deleted_by: UserId | None = None
    reactions: tuple[ReactionCount, ...] = ()
    trace_id: str | None = None
    unreadable: bool = Field(
        default=False, description="Its stored row is damaged: shown at its seq, as deleted, without its content"
    )


class MessagePage(Shape):
    """`GET /channels/{channelId}/messages`, ascending by seq. `hasMore` is about the requested direction."""

    items: tuple[Message, ...]
    has_more: bool
    searched_to: int | None = Field(None, description="With `search`: continue with before=searchedTo")


class ChannelMentions(Shape):
    """The unread messages of a channel that mention the caller, ascending: the newest, if there are many."""

    channel_id: ChannelId
    seqs: tuple[int, ...]


class MentionPage(Shape):
    """`GET /mentions`: the channels with such messages."""

    items: tuple[ChannelMentions, ...]


class Ticket(Shape):
    """`POST /tickets`: a ticket opens one socket, before it expires."""

    ticket: str
    expires_at: Timestamp
    session_expires_at: Timestamp
