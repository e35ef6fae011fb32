"""The bodies that the REST API takes, as API Gateway wants their schemas: JSON Schema draft 4, self-contained.

Made from the typed models, so that the gateway refuses what the function would refuse, before it costs a call.
The function validates too: it knows more than a schema can say.
"""

from typing import Any

from functions.contract.resources import Request

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
# Keywords that are the same in draft 4 as in what Pydantic writes.
KEPT = frozenset({"type", "properties", "required", "additionalProperties", "enum", "pattern", "items"})
KEPT_LIMITS = frozenset({"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"})
# Keywords that only describe.
DROPPED = frozenset({"title", "description", "default", "examples"})


def request_model(body: type[Request]) -> dict[str, Any]:
    """The draft-4 schema of a request body. Raises ValueError for a keyword that draft 4 has otherwise or not."""
    return {"$schema": DRAFT_4, "title": body.__name__, **_draft_4(body.model_json_schema(), body.__name__)}


def _draft_4(schema: dict[str, Any], place: str) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "properties":
            converted[keyword] = {name: _draft_4(field, f"{place}.{name}") for name, field in value.items()}
        elif keyword == "items":
            converted[keyword] = _draft_4(value, f"{place}[]")
        elif keyword == "const":
            converted["enum"] = [value]
        elif keyword in KEPT | KEPT_LIMITS:
            converted[keyword] = value
        elif keyword not in DROPPED:
            raise ValueError(f"{place}: JSON Schema draft 4 has no '{keyword}' that means the same")
    return converted
