"""JSON Schema of the chat's wire contract, and of the answers of the operator tools."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import inspector.models
import ops.models
from functions.contract import commands, events, frames, resources

CLIENT_FRAMES: tuple[type[BaseModel], ...] = tuple(commands.COMMANDS.values())
SERVER_FRAMES: tuple[type[BaseModel], ...] = get_args(get_args(frames.ServerFrame)[0])
REQUESTS: tuple[type[BaseModel], ...] = (
    resources.NewChannel,
    resources.NewDirectMessage,
    resources.ReadMarker,
    resources.Profile,
)
RESPONSES: tuple[type[BaseModel], ...] = (
    resources.ErrorBody,
    resources.User,
    resources.UserPage,
    resources.Member,
    resources.MemberPage,
    resources.Channel,
    resources.ChannelPage,
    resources.ReadPosition,
    resources.Message,
    resources.MessagePage,
    resources.Ticket,
)
EVENTS: tuple[type[BaseModel], ...] = (*events.CHANNEL_EVENTS.values(), *events.STATUS_UPDATES.values())


def definitions() -> dict[str, Any]:
    """Every shape's schema by name, references pointing to `#/$defs/`."""
    _, received = models_json_schema([(shape, "validation") for shape in (*CLIENT_FRAMES, *REQUESTS)])
    produced: tuple[type[BaseModel], ...] = (*SERVER_FRAMES, *RESPONSES, *EVENTS, events.Metadata)
    _, sent = models_json_schema([(shape, "serialization") for shape in produced])
    found: dict[str, Any] = {**received["$defs"], **sent["$defs"]}
    without_nulls: tuple[type[BaseModel], ...] = (*SERVER_FRAMES, *EVENTS, events.Metadata)
    for shape in without_nulls:
        _leave_out_nulls(found[shape.__name__])
    return dict(sorted(found.items()))


def contract_schema() -> dict[str, Any]:
    """One JSON Schema document: the closed unions of frames over `$defs`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parley's wire contract",
        "$defs": {
            **definitions(),
            "ClientFrame": _union(CLIENT_FRAMES),
            "ServerFrame": _union(SERVER_FRAMES),
        },
    }


def operations_schema() -> dict[str, Any]:
    """One JSON Schema document: the answers of the operator commands, printed with `--json`."""
    return _answers("Answers of Parley's operator commands", ops.models.ANSWERS)


def inspector_schema() -> dict[str, Any]:
    """One JSON Schema document: the answers of the inspector's API."""
    return _answers("Answers of the inspector's API", inspector.models.ANSWERS)


def _answers(title: str, answers: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "serialization") for model in answers])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$defs": dict(sorted(schema["$defs"].items())),
    }


def _union(shapes: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/$defs/{shape.__name__}"} for shape in shapes]}


def _leave_out_nulls(schema: dict[str, Any]) -> None:
    """Frames and events are encoded without their empty fields, so a nullable field is an optional one."""
    nullable = {name for name, field in schema["properties"].items() if _is_nullable(field)}
    for name in nullable:
        field = schema["properties"][name]
        kept = [kind for kind in field.pop("anyOf") if kind.get("type") != "null"]
        field.pop("default", None)
        field.update(kept[0])
    schema["required"] = [name for name in schema["properties"] if name not in nullable]


def _is_nullable(field: dict[str, Any]) -> bool:
    return any(kind.get("type") == "null" for kind in field.get("anyOf", ()))
