"""Generate JSON Schema: of the chat's wire contract, and of the answers of the operator tools."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import inspector.models
import ops.models
from functions.contract import commands, events, frames, resources
from functions.contract.operations import OPERATIONS

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
    resources.MentionPage,
    resources.Channel,
    resources.ChannelPage,
    resources.ReadPosition,
    resources.Message,
    resources.MessagePage,
    resources.Ticket,
)
EVENTS: tuple[type[BaseModel], ...] = (
    *events.CHANNEL_EVENTS.values(),
    *events.STATUS_UPDATES.values(),
    *OPERATIONS.values(),
)


def definitions() -> dict[str, Any]:
    """Return the schema of every model by its name, sorted. References point to `#/$defs/`."""
    _, inputs = models_json_schema([(shape, "validation") for shape in (*CLIENT_FRAMES, *REQUESTS)])
    encoded_without_nulls: tuple[type[BaseModel], ...] = (*SERVER_FRAMES, *EVENTS, events.Metadata)
    _, outputs = models_json_schema([(shape, "serialization") for shape in (*encoded_without_nulls, *RESPONSES)])
    schemas: dict[str, Any] = {**inputs["$defs"], **outputs["$defs"]}
    for shape in encoded_without_nulls:
        _make_nullable_fields_optional(schemas[shape.__name__])
    return dict(sorted(schemas.items()))


def contract_schema() -> dict[str, Any]:
    """Return the schema of the wire: all models, and the closed unions ClientFrame and ServerFrame."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parley's wire contract: events, frames and REST resources",
        "$defs": {
            **definitions(),
            "ClientFrame": _union(CLIENT_FRAMES),
            "ServerFrame": _union(SERVER_FRAMES),
        },
    }


def operations_schema() -> dict[str, Any]:
    """Return the schema of what the operator commands print with `--json`."""
    return _answers("Answers of the operator commands of parley (--json)", ops.models.ANSWERS)


def inspector_schema() -> dict[str, Any]:
    """Return the schema of the responses of the inspector's API."""
    return _answers("Responses of the inspector's API", inspector.models.ANSWERS)


def _answers(title: str, answers: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    _, schema = models_json_schema([(model, "serialization") for model in answers])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$defs": dict(sorted(schema["$defs"].items())),
    }


def with_component_references(value: Any) -> Any:
    """Return schemas with their references changed for AsyncAPI and OpenAPI: `#/components/schemas/`."""
    if isinstance(value, dict):
        return {key: with_component_references(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_component_references(item) for item in value]
    if isinstance(value, str):
        return value.replace("#/$defs/", "#/components/schemas/")
    return value


def _union(shapes: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/$defs/{shape.__name__}"} for shape in shapes]}


def _make_nullable_fields_optional(schema: dict[str, Any]) -> None:
    """Frames and events are encoded without null fields: remove null from their types, and make them optional."""
    nullable = {name for name, field in schema["properties"].items() if _is_nullable(field)}
    for name in nullable:
        field = schema["properties"][name]
        (remaining,) = [option for option in field.pop("anyOf") if option.get("type") != "null"]
        field.pop("default", None)
        schema["properties"][name] = remaining | field
    schema["required"] = [name for name in schema["properties"] if name not in nullable]


def _is_nullable(field: dict[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in field.get("anyOf", ()))
