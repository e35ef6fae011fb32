"""Describe the events and frames as AsyncAPI 3.0: their channels, who sends them, and their schemas.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any

from pydantic import BaseModel

from docs.generate.schema import CLIENT_FRAMES, EVENTS, SERVER_FRAMES, definitions, with_component_references
from functions.contract.events import CHANNEL_EVENTS, SCHEMA_VERSION, SOURCE


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parley",
            "version": str(SCHEMA_VERSION),
            "description": "Frames on the WebSocket and events on the bus. Generated from the typed models.",
            "license": {"name": "MIT-0"},
        },
        "channels": {
            "socket": {
                "address": "wss://…/socket?ticket={ticket}",
                "description": "JSON text frames. `action` names a client's command, `type` a server's frame.",
                "messages": {shape.__name__: _message_ref(shape) for shape in (*CLIENT_FRAMES, *SERVER_FRAMES)},
            },
            "bus": {
                "address": SOURCE,
                "description": "The EventBridge bus. `source` is parley, `detail-type` is the event's name.",
                "messages": {shape.__name__: _message_ref(shape) for shape in EVENTS},
            },
        },
        "operations": {
            "takeFrames": _operation("receive", "socket", CLIENT_FRAMES, "A client sends a command"),
            "postFrames": _operation("send", "socket", SERVER_FRAMES, "The server posts a frame to a client"),
            "publishEvents": _operation("send", "bus", EVENTS, "A function publishes an event"),
        },
        "components": {
            "messages": {
                **{shape.__name__: _frame(shape) for shape in (*CLIENT_FRAMES, *SERVER_FRAMES)},
                **{shape.__name__: _event(shape) for shape in EVENTS},
            },
            "schemas": with_component_references(definitions()),
        },
    }


def _message_ref(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{shape.__name__}"}


def _operation(action: str, channel: str, shapes: tuple[type[BaseModel], ...], summary: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{shape.__name__}"} for shape in shapes],
    }


def _frame(shape: type[BaseModel]) -> dict[str, Any]:
    return {
        "summary": _summary(shape),
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{shape.__name__}"},
    }


def _event(shape: type[BaseModel]) -> dict[str, Any]:
    path = "workflow deliver" if shape.__name__ in CHANNEL_EVENTS else "queue status"
    return {
        "summary": _summary(shape),
        "tags": [{"name": path}],
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "required": ["source", "detail-type", "detail"],
            "properties": {
                "source": {"const": SOURCE},
                "detail-type": {"const": shape.__name__},
                "detail": {
                    "type": "object",
                    "required": ["metadata", "data"],
                    "properties": {
                        "metadata": {"$ref": "#/components/schemas/Metadata"},
                        "data": {"$ref": f"#/components/schemas/{shape.__name__}"},
                    },
                },
            },
        },
    }


def _summary(shape: type[BaseModel]) -> str:
    return (shape.__doc__ or "").strip().split("\n")[0]
