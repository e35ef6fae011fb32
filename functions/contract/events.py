"""The facts of the chat: every event on the bus, its envelope and its data.

This module is the one place that names them: rules, handlers, the workflow's tests, AsyncAPI and the UI's
types take them from here. A breaking change is a new schema version, and the old one's fixture stays.
"""

from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import Field, ValidationError

from functions.contract.model import ChannelId, Person, Seq, Shape, Timestamp, UserId

SOURCE = "parley"
SCHEMA_VERSION = 1


class ChannelKind(StrEnum):
    """Who may find and join a channel: everybody, those added by a member, or two people only."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class ChannelSummary(Shape):
    """What an event tells of a channel. A direct channel has no name but two members."""

    channel_id: ChannelId
    kind: ChannelKind
    name: str
    created_at: Timestamp
    created_by: UserId
    member_ids: tuple[UserId, ...] = ()


class MessageSent(Shape):
    """Somebody said something. Its seq is assigned when it is persisted."""

    message_id: str
    client_message_id: str
    channel_id: ChannelId
    sender: Person
    text: str
    sent_at: Timestamp


class MessageEdited(Shape):
    """The author gave a message another text."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    text: str
    edited_by: UserId
    edited_at: Timestamp


class MessageDeleted(Shape):
    """A message was taken back; its place in the order stays."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    deleted_by: UserId
    deleted_at: Timestamp


class Reaction(Shape):
    """Somebody's emoji on a message, put there or taken back."""

    message_id: str
    channel_id: ChannelId
    seq: Seq
    emoji: str
    user_id: UserId
    reacted_at: Timestamp


class ReactionAdded(Reaction):
    """Somebody reacted to a message."""


class ReactionRemoved(Reaction):
    """Somebody took a reaction back."""


class ChannelCreated(Shape):
    """A channel exists, with its first members: its creator, both people if direct, nobody if made by Parley."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    first_member_ids: tuple[UserId, ...]
    changed_at: Timestamp


class MemberJoined(Shape):
    """A user is a member of a channel from now on; `changed_by` is somebody else if they were added."""

    channel_id: ChannelId
    channel: ChannelSummary
    user_id: UserId
    display_name: str
    changed_by: UserId
    changed_at: Timestamp


class MemberLeft(Shape):
    """A user is a member no longer, by `changed_by`'s hand. If its owner left, the channel is `new_owner_id`'s."""

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
    """A connection ended: it closed, or a post found it gone."""

    user_id: UserId
    connection_id: str
    disconnected_at: Timestamp
    reason: Literal["closed", "gone"]


class TypingStarted(Shape):
    """Somebody is typing, until the moment given or their message, whichever comes first."""

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
EventData = ChannelEvent | StatusUpdate

CHANNEL_EVENTS: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(ChannelEvent)}
"""Durable: persisted before anyone sees them, by the workflow `deliver`. Keyed by detail-type."""

STATUS_UPDATES: dict[str, type[Shape]] = {shape.__name__: shape for shape in get_args(StatusUpdate)}
"""Ephemeral: buffered in the queue `status`, coalesced; the latest state wins. Keyed by detail-type."""

DataT = TypeVar("DataT")


class Metadata(Shape):
    """What every event tells of itself. `trace_header` is repeated here because archives drop the bus's own."""

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
    """Wrap a fact for the bus."""
    metadata = Metadata(
        event_id=event_id,
        occurred_at=occurred_at,
        actor=actor,
        correlation_id=correlation_id,
        trace_header=trace_header,
    )
    return Envelope(metadata=metadata, data=data)


class MalformedEventError(Exception):
    """An event that is not what its detail-type promises. Retrying cannot help; its queue's DLQ keeps it."""


def detail_type(data: Shape) -> str:
    """The detail-type of an event's data: the name of its class, and nothing else."""
    return type(data).__name__


def read_event(event: dict[str, Any]) -> Envelope[Any]:
    """The typed envelope in an EventBridge event (`detail-type` and `detail`).

    Raises MalformedEventError, naming the field and never the value.
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
    """The trace id (`1-67891233-abcdef012345678912345678`) in an X-Ray trace header, None without one."""
    parts = dict(part.split("=", 1) for part in (trace_header or "").split(";") if "=" in part)
    return parts.get("Root")
