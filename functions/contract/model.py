"""The base of every typed shape, and the small types that they share.

Attributes are snake_case in Python and camelCase on the wire, in events and in tables alike.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TIMESTAMP_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
CHANNEL_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
HIGHEST_SEQ = 10**12 - 1
"""Twelve digits: as many as the keys of reactions are padded to."""

Timestamp = Annotated[str, Field(pattern=TIMESTAMP_PATTERN, description="ISO 8601, UTC, milliseconds")]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID_PATTERN)]
UserId = Annotated[str, Field(min_length=1, max_length=128, description="The user pool's subject")]
Seq = Annotated[
    int, Field(strict=True, ge=1, le=HIGHEST_SEQ, description="A message's place in its channel, from 1")
]


class Shape(BaseModel):
    """A frozen value that tolerates fields it does not know, so that producers may add some."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        # A fault that is logged names fields, never what people wrote.
        hide_input_in_errors=True,
        # Every field of what we produce is present on the wire, so generated types call none optional.
        json_schema_serialization_defaults_required=True,
    )


class Person(Shape):
    """Who did something, as others see them."""

    user_id: UserId
    display_name: str


def timestamp(milliseconds: int) -> str:
    """Milliseconds since the epoch as `2026-11-24T09:30:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """The inverse of `timestamp`. Raises ValueError for anything that is not an ISO 8601 moment."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
