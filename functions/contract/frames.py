"""The frames that the server sends on the socket: a closed union, discriminated by `type`."""

from typing import Annotated, Literal

from pydantic import Field

from functions.contract.errors import ErrorCode
from functions.contract.events import ChannelSummary
from functions.contract.model import ChannelId, Mentions, Person, Seq, Shape, Timestamp, UserId


class Frame(Shape):
    """A frame from the server. Fields that are None are omitted."""

    def encode(self) -> str:
        """Return the frame as JSON text."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class Ack(Frame):
    """The event of a command is on the bus. Sending the same message again returns the same messageId."""

    type: Literal["ack"] = "ack"
    action: str
    client_message_id: str | None = None
    message_id: str | None = None


class ErrorFrame(Frame):
    """A command was refused. Repeats the fields of the command, as far as they could be parsed.

    The socket stays open, except after SESSION_EXPIRED and TOO_MANY_REFUSALS.
    """

    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    action: str | None = None
    client_message_id: str | None = None
    channel_id: str | None = None
    seq: int | None = None
    retry_after_ms: int | None = None
    correlation_id: str | None = None


class Pong(Frame):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"


class MessageFrame(Frame):
    """A persisted message. `seq` is its position in the channel."""

    type: Literal["message"] = "message"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    client_message_id: str
    sender: Person
    text: str
    mentions: Mentions | None = None
    sent_at: Timestamp
    edited_at: Timestamp | None = Field(default=None, description="Set if it is posted after it was edited")
    trace_id: str | None = None


class MessageEditedFrame(Frame):
    """The text of a message was changed."""

    type: Literal["messageEdited"] = "messageEdited"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    text: str
    mentions: Mentions | None = None
    edited_by: UserId
    edited_at: Timestamp


class MessageDeletedFrame(Frame):
    """A message was deleted."""

    type: Literal["messageDeleted"] = "messageDeleted"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    deleted_by: UserId
    deleted_at: Timestamp


class ReactionFrame(Frame):
    """A reaction was added or removed."""

    type: Literal["reaction"] = "reaction"
    change: Literal["added", "removed"]
    channel_id: ChannelId
    seq: Seq
    message_id: str
    emoji: str
    user_id: UserId
    reacted_at: Timestamp


class ChannelFrame(Frame):
    """A channel was created, or a member joined or left. `newOwnerId` is set if the owner left."""

    type: Literal["channel"] = "channel"
    change: Literal["created", "joined", "left"]
    channel: ChannelSummary
    user_id: UserId
    display_name: str | None = None
    changed_by: UserId
    changed_at: Timestamp
    new_owner_id: UserId | None = None


class PresenceChange(Shape):
    """The new presence of one user. `lastSeenAt` is when they were last known to be online."""

    user_id: UserId
    status: Literal["online", "offline"]
    last_seen_at: Timestamp | None = None


class PresenceFrame(Frame):
    """The users whose presence changed."""

    type: Literal["presence"] = "presence"
    changes: tuple[PresenceChange, ...]


class NameChange(Shape):
    """The new display name of one user."""

    user_id: UserId
    display_name: str


class NamesFrame(Frame):
    """The users whose display name changed."""

    type: Literal["names"] = "names"
    changes: tuple[NameChange, ...]


class TypingFrame(Frame):
    """A user is typing, until `until`."""

    type: Literal["typing"] = "typing"
    channel_id: ChannelId
    user_id: UserId
    until: Timestamp


class ReadMarkerFrame(Frame):
    """The user's read marker in a channel, posted to the user's own connections."""

    type: Literal["readMarker"] = "readMarker"
    channel_id: ChannelId
    read_seq: Annotated[int, Field(ge=0)]


MAX_FRAME_BYTES = 32 * 1024
"""API Gateway closes a socket for a larger frame, in either direction; all frames are smaller.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

ServerFrame = Annotated[
    Ack
    | ErrorFrame
    | Pong
    | MessageFrame
    | MessageEditedFrame
    | MessageDeletedFrame
    | ReactionFrame
    | ChannelFrame
    | PresenceFrame
    | NamesFrame
    | TypingFrame
    | ReadMarkerFrame,
    Field(discriminator="type"),
]
