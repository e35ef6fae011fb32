"""The rows of the tables, as every reader requires them. A row that does not fit is unreadable.

The functions leave an unreadable row out, or show it as unreadable; `parley check` lists it. The types are those
of the events, so that what the workflow stores can be read.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from functions.contract.events import ChannelKind, ChannelName, FirstMembers
from functions.contract.model import (
    MAX_SEQ,
    ChannelId,
    DisplayName,
    Id,
    Mentions,
    Role,
    Shape,
    Timestamp,
    TraceHeader,
    UserId,
)
from functions.contract.text import KEY_BYTES, MAX_EMOJI_BYTES, checked_stored_text


def _number(value: Any) -> Any:
    """A number, as DynamoDB stores it. A text of digits is none: conditions of updates do not match it."""
    if isinstance(value, str | bytes | bool):
        raise ValueError("it is not a number")
    return value


def _bytes(value: Any) -> Any:
    """The bytes of boto3's Binary."""
    return getattr(value, "value", value)


Count = Annotated[int, BeforeValidator(_number), Field(ge=0)]
StoredSeq = Annotated[int, BeforeValidator(_number), Field(ge=1, le=MAX_SEQ)]
Flag = Annotated[bool, Field(strict=True)]


class MessageRow(Shape):
    """A row of `messages`. A deleted message has no text."""

    channel_id: ChannelId
    seq: StoredSeq
    message_id: Id
    client_message_id: Id
    sender_id: UserId
    sender_name: DisplayName
    text: Annotated[str, BeforeValidator(checked_stored_text)]
    mentions: Mentions = ()
    sent_at: Timestamp
    edited_at: Timestamp | None = None
    deleted_at: Timestamp | None = None
    deleted_by: UserId | None = None
    trace_header: TraceHeader = ""

    @model_validator(mode="after")
    def _has_text(self) -> "MessageRow":
        if not self.text and self.deleted_at is None:
            raise ValueError("text: it is empty, and the message is not deleted")
        return self


class MessageIdRow(Shape):
    """A row of `messageIds`: where a message is stored."""

    message_id: Id
    channel_id: ChannelId
    seq: StoredSeq


class ReactionRow(Shape):
    """A row of `reactions`. A removed reaction is kept, and not present."""

    channel_id: ChannelId
    seq: StoredSeq
    emoji: Annotated[str, Field(min_length=1, max_length=MAX_EMOJI_BYTES)]
    user_id: UserId
    present: Flag
    reacted_at: Timestamp


class ChannelRow(Shape):
    """A row of `channels`. `announced`: the ChannelCreated event is on the bus."""

    channel_id: ChannelId
    kind: ChannelKind
    name: ChannelName = ""
    created_at: Timestamp
    created_by: UserId
    member_ids: FirstMembers = ()
    member_count: Count = 0
    last_seq: Count = 0
    announced: Flag = False


class MemberIndexRow(Shape):
    """A row of the index `byChannel` of `members`."""

    user_id: UserId
    channel_id: ChannelId
    role: Role
    joined_at: Timestamp


class MemberRow(MemberIndexRow):
    """A row of `members`. `announced`: the event of this membership is on the bus."""

    read_seq: Count = 0
    announced: Flag = True


class UserRow(Shape):
    """A row of `users`."""

    user_id: UserId
    username: Annotated[str, Field(min_length=1, max_length=128)]
    display_name: DisplayName
    is_online: Flag = False
    online_until: Count = 0
    last_seen_at: Timestamp | None = None
    erased_at: Timestamp | None = None


class EndedUserRow(Shape):
    """A row of `tickets` that ends a user's sessions that began until `ended_at` (seconds since the epoch)."""

    ended_at: Count


class TicketRow(Shape):
    """A row of `tickets` that opens a connection. `session_expires_at`: milliseconds; other times: seconds."""

    user_id: UserId
    display_name: DisplayName
    session_id: str
    session_expires_at: Count
    signed_in_at: Count = 0
    origin: str | None = None
    expires_at: Count


class TextKeyRow(Shape):
    """A row of `textKeys`: the key of a user, or when they were erased."""

    user_id: UserId
    text_key: Annotated[bytes, BeforeValidator(_bytes), Field(strict=True)] | None = None
    erased_at: Timestamp | None = None

    @model_validator(mode="after")
    def _has_key(self) -> "TextKeyRow":
        if self.erased_at is None and (self.text_key is None or len(self.text_key) != KEY_BYTES):
            raise ValueError(f"textKey: it does not have {KEY_BYTES} bytes")
        return self


class SubscriptionRow(Shape):
    """A row of `subscriptions`."""

    user_id: UserId
    connection_id: Id
    expires_at: Count


class ShardRow(Shape):
    """The row of `subscriptions` that names the next shard of a channel."""

    next_shard: Annotated[str, Field(min_length=1)]
    shards: Annotated[Count, Field(ge=2)]


class ConnectionRow(SubscriptionRow):
    """A row of `connections`."""

    session_id: str
    opened_at: Count


def fault_of(row_type: type[Shape], row: Any) -> str | None:
    """Return what is wrong with a row, without its values; None if it is readable."""
    try:
        row_type.model_validate(row)
    except ValidationError as refusal:
        return first_error(refusal)
    return None


def first_error(refusal: ValidationError) -> str:
    """Return the field of the first error and what is wrong with it, without its value."""
    fault = refusal.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "string_pattern_mismatch":
        message = "it does not have the required form"
    return f"{field}: {message}" if field else message
