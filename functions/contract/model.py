"""The base class of all models, and the types that they share.

Attributes are snake_case in Python and camelCase on the wire, in events and in tables.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TIMESTAMP_PATTERN = (
    r"^([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$"
)
"""A time that exists, from the year 1000 on; the third line is the leap days. The workflow uses it too."""
CHANNEL_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_ID_CHARACTERS = 128
MAX_DISPLAY_NAME_CHARACTERS = 64
MAX_MENTIONS = 50
MAX_TRACE_HEADER_CHARACTERS = 512
MAX_SEQ = 10**12 - 1
"""Twelve digits: the keys of reactions are padded to this width."""

Timestamp = Annotated[str, Field(pattern=TIMESTAMP_PATTERN, description="ISO 8601, UTC, milliseconds")]
ChannelId = Annotated[str, Field(pattern=CHANNEL_ID_PATTERN)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARACTERS)]
UserId = Annotated[
    str, Field(min_length=1, max_length=MAX_ID_CHARACTERS, description="The user's subject in the user pool")
]
DisplayName = Annotated[str, Field(min_length=1, max_length=MAX_DISPLAY_NAME_CHARACTERS)]
TraceHeader = Annotated[str, Field(max_length=MAX_TRACE_HEADER_CHARACTERS)]
Seq = Annotated[
    int, Field(strict=True, ge=1, le=MAX_SEQ, description="A message's position in its channel, from 1")
]

Mentions = Annotated[
    tuple[Id, ...],
    Field(
        max_length=MAX_MENTIONS,
        description="The usernames that the text mentions, in lower case; of members or not",
    ),
]


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
    display_name: DisplayName


def timestamp(milliseconds: int) -> str:
    """Format milliseconds since the epoch as `2026-11-24T09:30:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """Parse an ISO 8601 time into milliseconds since the epoch. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
