"""The schemas of request bodies for API Gateway: JSON Schema draft 4, without references.

They are generated from the pydantic models, so that API Gateway refuses invalid bodies without calling the
function. The function validates again, because the models check more than a schema can express.
"""

from typing import Any

from functions.contract.resources import Request

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
# Keywords that mean the same in draft 4 and in pydantic's schemas.
SAME_KEYWORDS = frozenset({"type", "properties", "required", "additionalProperties", "enum", "pattern", "items"})
SAME_LIMITS = frozenset({"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"})
# Keywords that only describe a field.
DESCRIPTIVE_KEYWORDS = frozenset({"title", "description", "default", "examples"})


def request_model(body: type[Request]) -> dict[str, Any]:
    """Return the draft-4 schema of a request body.

    Raises ValueError for a keyword that draft 4 does not support.
    """
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
        elif keyword in SAME_KEYWORDS | SAME_LIMITS:
            converted[keyword] = value
        elif keyword not in DESCRIPTIVE_KEYWORDS:
            raise ValueError(
                f"{place}: JSON Schema draft 4 does not support '{keyword}'; use another type for the field"
            )
    return converted
