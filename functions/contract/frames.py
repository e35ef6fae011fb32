"""What the server says on the socket: a closed union of frames, told apart by `type`."""

from typing import Annotated, Literal

from pydantic import Field

from functions.contract.errors import ErrorCode
from functions.contract.events import ChannelSummary
from functions.contract.model import ChannelId, Person, Seq, Shape, Timestamp, UserId


class Frame(Shape):
    """A frame from the server. Fields that are None are left out."""

    def encode(self) -> str:
        """The frame as JSON text, ready to post."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class Ack(Frame):
    """The event of an action is on the bus. A repeat of the same send gets the same messageId."""

    type: Literal["ack"] = "ack"
    action: str
    client_message_id: str | None = None
    message_id: str | None = None


class ErrorFrame(Frame):
    """An action was not taken. The socket stays open. What of the frame could be read tells which is meant."""

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
    """A message, persisted, at its place in the channel's order."""

    type: Literal["message"] = "message"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    client_message_id: str
    sender: Person
    text: str
    sent_at: Timestamp
    trace_id: str | None = None


class MessageEditedFrame(Frame):
    """A message has another text."""

    type: Literal["messageEdited"] = "messageEdited"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    text: str
    edited_by: UserId
    edited_at: Timestamp


class MessageDeletedFrame(Frame):
    """A message was taken back."""

    type: Literal["messageDeleted"] = "messageDeleted"
    channel_id: ChannelId
    seq: Seq
    message_id: str
    deleted_by: UserId
    deleted_at: Timestamp


class ReactionFrame(Frame):
    """A reaction came or went."""

    type: Literal["reaction"] = "reaction"
    change: Literal["added", "removed"]
    channel_id: ChannelId
    seq: Seq
    message_id: str
    emoji: str
    user_id: UserId
    reacted_at: Timestamp


class ChannelFrame(Frame):
    """A channel came to be, or a member came or went. `new_owner_id` is who owns it now, if its owner went."""

    type: Literal["channel"] = "channel"
    change: Literal["created", "joined", "left"]
    channel: ChannelSummary
    user_id: UserId
    display_name: str | None = None
    changed_by: UserId
    changed_at: Timestamp
    new_owner_id: UserId | None = None


class PresenceChange(Shape):
    """One user's presence. `last_seen_at` is when they were last known to be online."""

    user_id: UserId
    status: Literal["online", "offline"]
    last_seen_at: Timestamp | None = None


class PresenceFrame(Frame):
    """Who came and went, many in one frame."""

    type: Literal["presence"] = "presence"
    changes: tuple[PresenceChange, ...]


class TypingFrame(Frame):
    """Somebody is typing, until then."""

    type: Literal["typing"] = "typing"
    channel_id: ChannelId
    user_id: UserId
    until: Timestamp


class ReadMarkerFrame(Frame):
    """How far the user has read, told to the user's own connections."""

    type: Literal["readMarker"] = "readMarker"
    channel_id: ChannelId
    read_seq: Annotated[int, Field(ge=0)]


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
    | TypingFrame
    | ReadMarkerFrame,
    Field(discriminator="type"),
]
