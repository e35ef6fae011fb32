"""The catalogue of events and frames, for reading: what each says, field by field."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from docs.generate.schema import CLIENT_FRAMES, SERVER_FRAMES, definitions
from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from functions.contract.frames import Frame

INTRODUCTION = """\
# Events and frames

Generated from the typed models by `make docs`; the same as [JSON Schema](contract/schema.json) and
[AsyncAPI](contract/asyncapi.json). Every event on the bus has `source` parley, its name as `detail-type`, and
a `detail` of `{"metadata": …, "data": …}`.
"""


def catalogue() -> str:
    """The whole page."""
    known = definitions()
    parts = [
        INTRODUCTION,
        _section("Metadata", "Of every event.", known["Metadata"]),
        "## Channel events: durable, through the workflow `deliver`\n",
        *_sections(CHANNEL_EVENTS.values(), known),
        "## Status updates: ephemeral, through the queue `status`\n",
        *_sections(STATUS_UPDATES.values(), known),
        "## Frames from clients\n",
        *_sections(CLIENT_FRAMES, known),
        "## Frames from the server\n",
        *_sections(SERVER_FRAMES, known),
    ]
    return "\n".join(parts)


def _sections(shapes: Iterable[type[BaseModel]], known: dict[str, Any]) -> list[str]:
    return [_section(_title(shape), (shape.__doc__ or "").strip(), known[shape.__name__]) for shape in shapes]


def _title(shape: type[BaseModel]) -> str:
    """What the wire calls it: a frame by its type or action, an event by its detail-type."""
    for tell in ("type", "action"):
        field = shape.model_fields.get(tell)
        if field is not None and (issubclass(shape, Frame) or tell == "action"):
            return str(field.default if tell == "type" else field.annotation.__args__[0])  # type: ignore[union-attr]
    return shape.__name__


def _section(title: str, says: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {_kind(field)}{'' if name in required else ', where it applies'} |"
        f" {field.get('description', '')} |"
        for name, field in schema["properties"].items()
    ]
    return "\n".join([f"### {title}", "", says, "", "| field | is | says |", "|---|---|---|", *rows, ""])


def _kind(field: dict[str, Any]) -> str:
    match field:
        case {"$ref": reference}:
            return str(reference).rsplit("/", 1)[-1]
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"anyOf": kinds} | {"oneOf": kinds}:
            return " or ".join(_kind(kind) for kind in kinds)
        case {"type": "array", "items": items}:
            return f"list of {_kind(items)}"
        case {"type": kind}:
            return str(kind)
    raise ValueError(f"no words for {field}")
