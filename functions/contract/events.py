"""The events on the bus: their envelope and their data.

Rules, handlers, the workflow's tests, AsyncAPI and the UI's types take the names of events from here. A breaking
change needs a new schema version; the fixture of the old version stays in the tests.
"""

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import BeforeValidator, Field, ValidationError

from functions.contract.model import (
    ChannelId,
    DisplayName,
    Id,
    Mentions,
    Person,
    Seq,
    Shape,
    Timestamp,
    TraceHeader,
    UserId,
)
from functions.contract.text import MAX_NAME_CHARACTERS, checked_event_emoji, checked_event_text

SOURCE = "parley"
SCHEMA_VERSION = 1
"""The version in which events are published, and the newest that this code knows."""
READABLE_FROM = 1
"""The lowest version whose readers understand the events that are published. See docs/events.md, "Versions"."""

Version = Annotated[int, Field(strict=True, ge=1)]


class ChannelKind(StrEnum):
    """Who may join a channel: any user (public), users added by a member (private), or two users only (direct)."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


ChannelName = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
Text = Annotated[str, BeforeValidator(checked_event_text)]
Emoji = Annotated[str, BeforeValidator(checked_event_emoji)]
FirstMembers = Annotated[tuple[UserId, ...], Field(max_length=2)]


class ChannelSummary(Shape):
    """The part of a channel that events contain. A direct channel has two members and no name."""

    channel_id: ChannelId
    kind: ChannelKind
    name: ChannelName
    created_at: Timestamp
    created_by: UserId
    member_ids: FirstMembers = ()


class MessageSent(Shape):
    """A user sent a message. Its seq is assigned when it is persisted."""

    message_id: Id
    client_message_id: Id
    channel_id: ChannelId
    sender: Person
    text: Text
    mentions: Mentions | None = None
    sent_at: Timestamp


class MessageEdited(Shape):
    """The author changed the text of a message."""

    message_id: Id
    channel_id: ChannelId
    seq: Seq
    text: Text
    mentions: Mentions | None = None
    edited_by: UserId
    edited_at: Timestamp


class MessageDeleted(Shape):
    """A message was deleted. It keeps its seq."""

    message_id: Id
    channel_id: ChannelId
    seq: Seq
    deleted_by: UserId
    deleted_at: Timestamp


class Reaction(Shape):
    """A user's emoji on a message, added or removed."""

    message_id: Id
    channel_id: ChannelId
    seq: Seq
    emoji: Emoji
    user_id: UserId
    reacted_at: Timestamp


class ReactionAdded(Reaction):
    """A user added a reaction to a message."""


class ReactionRemoved(Reaction):
    """A user removed a reaction from a message."""


class ChannelCreated(Shape):
    """A channel was created with its first members: its creator, both users (direct) or none (by Parley)."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    first_member_ids: FirstMembers
    changed_at: Timestamp


class MemberJoined(Shape):
    """A user became a member of a channel. `changedBy` is another user if the member was added."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    display_name: DisplayName
    changed_by: UserId
    changed_at: Timestamp


class MemberLeft(Shape):
    """A user left a channel, or `changedBy` removed them. `newOwnerId` is set if the owner left."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    changed_by: UserId
    changed_at: Timestamp
    new_owner_id: UserId | None = None


class UserConnected(Shape):
    """A connection opened."""

    user_id: UserId
    connection_id: Id
    connected_at: Timestamp


class UserDisconnected(Shape):
    """A connection ended: it closed, or a post to it was answered 410 (gone)."""

    user_id: UserId
    connection_id: Id
    disconnected_at: Timestamp
    reason: Literal["closed", "gone"]


class UserRenamed(Shape):
    """A user changed their display name."""

    user_id: UserId
    display_name: DisplayName
    renamed_at: Timestamp


class TypingStarted(Shape):
    """A user is typing, until `until` or until their message, whichever comes first."""

    channel_id: ChannelId
    user_id: UserId
    until: Timestamp


class ChannelRead(Shape):
    """A user has read a channel up to a seq."""

    channel_id: ChannelId
    user_id: UserId
    read_seq: Annotated[int, Field(ge=0)]


ChannelEvent = (
    MessageSent
    | MessageEdited
    | MessageDeleted
    | ReactionAdded
    | ReactionRemoved
    | ChannelCreated
    | MemberJoined
    | MemberLeft
)
StatusUpdate = UserConnected | UserDisconnected | UserRenamed | TypingStarted | ChannelRead

CHANNEL_EVENTS: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(ChannelEvent)}
"""The durable events, by detail-type: the workflow `deliver` persists them before it posts them."""

STATUS_UPDATES: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(StatusUpdate)}
"""The ephemeral events, by detail-type: buffered in the queue `status` and coalesced. The latest state wins."""

STATUS_UPDATE_AGE_SECONDS = 300
"""Until an update has this age, EventBridge tries to put it into the queue; then it is a dead letter."""

DataT = TypeVar("DataT")


class Metadata(Shape):
    """The metadata of an event. It repeats the trace header because the archive does not keep the bus's own."""

    event_id: Id = Field(description="The same in every copy of the event")
    occurred_at: Timestamp
    schema_version: Version = Field(SCHEMA_VERSION, description="The version in which the event was published")
    readable_from: Version | None = Field(
        None, description="The lowest version whose readers understand it; without it, `schemaVersion`"
    )
    actor: UserId = Field(
        description="The id of the user who caused it; `parley` for the channel `general`, or `operator`"
    )
    correlation_id: Id = Field(description="The id of the request or invocation that caused it")
    trace_header: TraceHeader | None = Field(None, description="X-Ray's, as `Root=…;Parent=…;Sampled=…`")


class Envelope(Shape, Generic[DataT]):
    """The `detail` of an event on the bus."""

    metadata: Metadata
    data: DataT


def envelope(
    data: DataT, *, actor: str, event_id: str, occurred_at: str, correlation_id: str, trace_header: str | None
) -> Envelope[DataT]:
    """Wrap the data of an event for the bus."""
    metadata = Metadata(
        event_id=event_id,
        occurred_at=occurred_at,
        readable_from=READABLE_FROM,
        actor=actor,
        correlation_id=correlation_id,
        trace_header=trace_header,
    )
    return Envelope(metadata=metadata, data=data)


class MalformedEventError(Exception):
    """An event is not valid for its detail-type. Retrying does not help; it ends in a dead-letter queue."""


class NewerEventError(MalformedEventError):
    """Only readers of a later version understand the event. It can be redriven once they are deployed."""


def detail_type(data: Shape) -> str:
    """Return the detail-type of an event's data: the name of its class."""
    return type(data).__name__


def read_event(event: dict[str, Any]) -> Envelope[Any]:
    """Parse the envelope of an EventBridge event (`detail-type` and `detail`).

    An event of a later version is read if it says that readers of this version understand it. Raises
    NewerEventError, and MalformedEventError with a message that names the field and never contains the value.
    """
    name = str(event.get("detail-type"))
    data_type = CHANNEL_EVENTS.get(name) or STATUS_UPDATES.get(name)
    if data_type is None:
        raise MalformedEventError(f"expected a known detail-type, got {name[:60]!r}")
    needed = _readable_from(event.get("detail"))
    if needed > SCHEMA_VERSION:
        raise NewerEventError(
            f"{name}: readers of schema version {needed} or later understand it, and this is version "
            f"{SCHEMA_VERSION}. Deploy the later version, then redrive it."
        )
    try:
        envelope: Envelope[Any] = Envelope[data_type].model_validate(event.get("detail"))  # type: ignore[valid-type]
    except ValidationError as refusal:
        fault = refusal.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        is_form = fault["type"] == "string_pattern_mismatch"
        message = "it does not have the required form" if is_form else fault["msg"]
        raise MalformedEventError(f"{name}: {place}: {message}") from None
    return envelope


def _readable_from(detail: Any) -> int:
    """The lowest schema version whose readers understand an event; 1 if its metadata does not say it."""
    metadata = detail.get("metadata") if isinstance(detail, dict) else None
    fields = metadata if isinstance(metadata, dict) else {}
    needed = fields.get("readableFrom")
    if needed is None:
        needed = fields.get("schemaVersion")
    return needed if isinstance(needed, int) else 1


def trace_id(trace_header: str | None) -> str | None:
    """Return the trace id (`1-67891233-abcdef012345678912345678`) in an X-Ray trace header, or None."""
    parts = dict(part.split("=", 1) for part in (trace_header or "").split(";") if "=" in part)
    return parts.get("Root")
