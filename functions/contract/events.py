"""The events on the bus: their envelope and their data.

Rules, handlers, the workflow's tests, AsyncAPI and the UI's types take the names of events from here. A breaking
change needs a new schema version; the fixture of the old version stays in the tests.
"""

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import Field, ValidationError

from functions.contract.model import ChannelId, Person, Seq, Shape, Timestamp, UserId

SOURCE = "parley"
SCHEMA_VERSION = 1


class ChannelKind(StrEnum):
    """Who may join a channel: any user (public), users added by a member (private), or two users only (direct)."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class ChannelSummary(Shape):
    """The part of a channel that events contain. A direct channel has two members and no name."""

    channel_id: ChannelId
    kind: ChannelKind
    name: str
    created_at: Timestamp
    created_by: UserId
    member_ids: tuple[UserId, ...] = ()


class MessageSent(Shape):
    """A user sent a message. Its seq is assigned when it is persisted."""

    message_id: str
    client_message_id: str
    channel_id: ChannelId
    sender: Person
    text: str
    sent_at: Timestamp


class MessageEdited(Shape):
    """The author changed the text of a message."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    text: str
    edited_by: UserId
    edited_at: Timestamp


class MessageDeleted(Shape):
    """A message was deleted. It keeps its seq."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    deleted_by: UserId
    deleted_at: Timestamp


class Reaction(Shape):
    """A user's emoji on a message, added or removed."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    emoji: str
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
    first_member_ids: tuple[UserId, ...]
    changed_at: Timestamp


class MemberJoined(Shape):
    """A user became a member of a channel. `changed_by` is another user if the member was added."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    display_name: str
    changed_by: UserId
    changed_at: Timestamp


class MemberLeft(Shape):
    """A user left a channel, or `changed_by` removed them. `new_owner_id` is set if the owner left."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    changed_by: UserId
    changed_at: Timestamp
    new_owner_id: UserId | None = None


class UserConnected(Shape):
    """A connection opened."""

    user_id: UserId
    connection_id: str
    connected_at: Timestamp


class UserDisconnected(Shape):
    """A connection ended: it closed, or a post to it was answered 410 (gone)."""

    user_id: UserId
    connection_id: str
    disconnected_at: Timestamp
    reason: Literal["closed", "gone"]


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
StatusUpdate = UserConnected | UserDisconnected | TypingStarted | ChannelRead

CHANNEL_EVENTS: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(ChannelEvent)}
"""The durable events, by detail-type: the workflow `deliver` persists them before it posts them."""

STATUS_UPDATES: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(StatusUpdate)}
"""The ephemeral events, by detail-type: buffered in the queue `status` and coalesced. The latest state wins."""

DataT = TypeVar("DataT")


class Metadata(Shape):
    """The metadata of an event. It repeats the trace header because the archive does not keep the bus's own."""

    event_id: str
    occurred_at: Timestamp
    schema_version: int = SCHEMA_VERSION
    actor: UserId
    correlation_id: str
    trace_header: str | None = None


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
        actor=actor,
        correlation_id=correlation_id,
        trace_header=trace_header,
    )
    return Envelope(metadata=metadata, data=data)


class MalformedEventError(Exception):
    """An event is not valid for its detail-type. Retrying does not help; it ends in a dead-letter queue."""


def detail_type(data: Shape) -> str:
    """Return the detail-type of an event's data: the name of its class."""
    return type(data).__name__


def read_event(event: dict[str, Any]) -> Envelope[Any]:
    """Parse the envelope of an EventBridge event (`detail-type` and `detail`).

    Raises MalformedEventError with a message that names the field and never contains the value.
    """
    name = str(event.get("detail-type"))
    data_type = CHANNEL_EVENTS.get(name) or STATUS_UPDATES.get(name)
    if data_type is None:
        raise MalformedEventError(f"expected a known detail-type, got {name[:60]!r}")
    try:
        envelope: Envelope[Any] = Envelope[data_type].model_validate(event.get("detail"))  # type: ignore[valid-type]
    except ValidationError as refusal:
        fault = refusal.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise MalformedEventError(f"{name}: {place}: {fault['msg']}") from None
    version = envelope.metadata.schema_version
    if version > SCHEMA_VERSION:
        raise MalformedEventError(f"{name}: expected schema version {SCHEMA_VERSION} at most, got {version}")
    return envelope


def trace_id(trace_header: str | None) -> str | None:
    """Return the trace id (`1-67891233-abcdef012345678912345678`) in an X-Ray trace header, or None."""
    parts = dict(part.split("=", 1) for part in (trace_header or "").split(";") if "=" in part)
    return parts.get("Root")
