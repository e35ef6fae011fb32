"""Render docs/events.md: every event and frame with its fields."""

from collections.abc import Iterable
from enum import StrEnum
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from docs.generate.schema import CLIENT_FRAMES, SERVER_FRAMES, definitions
from functions.contract.errors import ErrorCode
from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES, ChannelKind, ChannelSummary
from functions.contract.frames import Frame, NameChange, PresenceChange
from functions.contract.model import Person
from functions.contract.operations import OPERATIONS

SHARED_TYPES: tuple[type[BaseModel], ...] = (Person, ChannelSummary, PresenceChange, NameChange)

INTRODUCTION = """\
# Events and frames

Generated from the typed models by `make docs`. [JSON Schema](contract/schema.json) and
[AsyncAPI](contract/asyncapi.json) have the same content. Every event on the bus has the `source` parley, its name
as `detail-type`, and a `detail` of `{"metadata": …, "data": …}`.

The workflow, the functions and the operators' tools check every event against the types on this page. An event
that does not fit is refused before it takes a `seq` or changes a row. A channel event becomes a dead letter with
the error `Parley.MalformedEvent`, which names the fields. `broadcast_status` fails on a malformed status update
five times; then the update becomes a dead letter without an error. `parley logs` shows why: the function's log has
a line `malformed status update`.
"""

VERSIONS = (Path(__file__).parent / "event_versions.txt").read_text(encoding="utf-8")


def catalogue() -> str:
    """Return the page as Markdown."""
    schemas = definitions()
    parts = [
        INTRODUCTION,
        _section("Metadata", "Every event has these fields.", schemas["Metadata"]),
        VERSIONS,
        "## Channel events: durable, through the workflow `deliver`\n",
        *_sections(CHANNEL_EVENTS.values(), schemas),
        "## Status updates: ephemeral, through the queue `status`\n",
        *_sections(STATUS_UPDATES.values(), schemas),
        "## Operators' commands: for the archive only\n",
        *_sections(OPERATIONS.values(), schemas),
        "## Frames from clients: commands\n",
        *_sections(CLIENT_FRAMES, schemas),
        "## Frames from the server\n",
        *_sections(SERVER_FRAMES, schemas),
        "## Types of these fields\n",
        *_sections(SHARED_TYPES, schemas),
        *map(_values, (ChannelKind, ErrorCode)),
    ]
    return "\n".join(parts)


def _sections(shapes: Iterable[type[BaseModel]], schemas: dict[str, Any]) -> list[str]:
    return [_section(_title(shape), cleandoc(shape.__doc__ or ""), schemas[shape.__name__]) for shape in shapes]


def _values(choice: type[StrEnum]) -> str:
    values = ", ".join(f"`{value}`" for value in choice)
    return f"### {choice.__name__}\n\n{cleandoc(choice.__doc__ or '')} One of {values}.\n"


def _title(shape: type[BaseModel]) -> str:
    """Return the name on the wire: a frame's type, a command's action, an event's detail-type."""
    if issubclass(shape, Frame):
        return str(shape.model_fields["type"].default)
    if "action" in shape.model_fields:
        return str(shape.model_fields["action"].annotation.__args__[0])  # type: ignore[union-attr]
    return shape.__name__


def _section(title: str, description: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {_type(field)}{'' if name in required else ', optional'} | {field.get('description', '')} |"
        for name, field in schema["properties"].items()
    ]
    return "\n".join(
        [f"### {title}", "", description, "", "| field | type | meaning |", "|---|---|---|", *rows, ""]
    )


def _type(field: dict[str, Any]) -> str:
    match field:
        case {"$ref": reference}:
            return str(reference).rsplit("/", 1)[-1]
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"anyOf": options} | {"oneOf": options}:
            return " or ".join(_type(option) for option in options)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": name}:
            return str(name)
    raise ValueError(f"There is no Markdown for the schema {field}: add a case to _type.")
