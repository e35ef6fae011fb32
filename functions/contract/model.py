"""The base class of all models, and the types that they share.

Attributes are snake_case in Python and camelCase on the wire, in events and in tables.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TIMESTAMP_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
CHANNEL_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_SEQ = 10**12 - 1
"""Twelve digits: the keys of reactions are padded to this width."""

Timestamp = Annotated[str, Field(pattern=TIMESTAMP_PATTERN, description="ISO 8601, UTC, milliseconds")]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID_PATTERN)]
UserId = Annotated[str, Field(min_length=1, max_length=128, description="The user's subject in the user pool")]
Seq = Annotated[int, Field(strict=True, ge=1, le=MAX_SEQ, description="A message's place in its channel, from 1")]


class Shape(BaseModel):
    """A frozen model that ignores unknown fields, so that producers may add fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        # Validation errors are logged: they may name fields, but must not contain what users wrote.
        hide_input_in_errors=True,
        # Every field is present in what we send, so no field is optional in the generated types.
        json_schema_serialization_defaults_required=True,
    )


class Role(StrEnum):
    """The role of a member. The owner may remove other members and delete their messages."""

    OWNER = "owner"
    MEMBER = "member"


class Person(Shape):
    """A user as other users see them."""

    user_id: UserId
    display_name: str


def timestamp(milliseconds: int) -> str:
    """Format milliseconds since the epoch as `2026-11-24T09:30:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """Parse an ISO 8601 time into milliseconds since the epoch. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
