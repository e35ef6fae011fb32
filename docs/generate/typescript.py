"""Render a JSON Schema as TypeScript types. Supports only the constructs that our schemas use."""

import json
from typing import Any

HEADER = "// Generated from the typed models by `make docs`. Do not edit.\n"


def typescript(schema: dict[str, Any]) -> str:
    """Return one declaration for each of the schema's `$defs`. Raises ValueError for an unsupported construct."""
    return HEADER + "\n" + "\n".join(_declaration(name, shape) for name, shape in schema["$defs"].items())


def _declaration(name: str, shape: dict[str, Any]) -> str:
    comment = f"/** {shape['description'].strip()} */\n" if "description" in shape else ""
    if shape.get("type") != "object":
        return f"{comment}export type {name} = {_type(shape)};\n"
    required = set(shape.get("required", ()))
    fields = [_field(key, field, key in required) for key, field in shape.get("properties", {}).items()]
    return f"{comment}export interface {name} {{\n" + "".join(fields) + "}\n"


def _field(name: str, field: dict[str, Any], required: bool) -> str:
    comment = f"  /** {field['description']} */\n" if "description" in field else ""
    return f"{comment}  {name}{'' if required else '?'}: {_type(field)};\n"


def _type(field: dict[str, Any]) -> str:
    if not field.keys() - {"title", "description", "default"}:
        return "unknown"
    match field:
        case {"$ref": reference}:
            return str(reference).rsplit("/", 1)[-1]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": options} | {"oneOf": options}:
            return " | ".join(_type(option) for option in options)
        case {"type": "array", "items": items}:
            inner = _type(items)
            return f"readonly ({inner})[]" if "|" in inner else f"readonly {inner}[]"
        case {"type": "string" | "boolean" | "null" as name}:
            return str(name)
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "object", "additionalProperties": True}:
            return "Readonly<Record<string, unknown>>"
        case {"type": "object", "additionalProperties": values}:
            return f"Readonly<Record<string, {_type(values)}>>"
    raise ValueError(f"There is no TypeScript for the schema {json.dumps(field)}: add a case to _type.")
