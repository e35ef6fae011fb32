"""Describe the REST API as OpenAPI 3.1, from the routes and models of `functions.contract`.

https://spec.openapis.org/oas/v3.1.0
"""

import re
from collections import defaultdict
from typing import Any

from docs.generate.schema import definitions, with_component_references
from functions.contract import errors
from functions.contract.errors import ChatError, ErrorCode
from functions.contract.routes import ROUTES, Query, Route

# Errors that every route may return, in addition to its own.
COMMON_ERRORS = (ErrorCode.SESSION_EXPIRED, ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL)
STATUSES: dict[ErrorCode, int] = {
    error.code: error.status
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, ChatError) and error is not ChatError
} | {ErrorCode.INTERNAL: 500}


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document."""
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Parley",
            "version": "1",
            "description": "The REST API. Generated from the typed models; frames are in the AsyncAPI document.",
            "license": {"name": "MIT-0", "identifier": "MIT-0"},
        },
        "servers": [{"url": "/api"}],
        "security": [{"idToken": []}],
        "paths": dict(paths),
        "components": {
            "securitySchemes": {
                "idToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The Cognito ID token, without a prefix such as Bearer",
                }
            },
            "schemas": with_component_references(definitions()),
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.description,
        "parameters": [*_path_parameters(route.path), *map(_query_parameter, route.query)],
        "responses": _responses(route),
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(route.body.__name__)}
    return operation


def _operation_id(route: Route) -> str:
    words = [word for part in route.path.split("/") for word in re.findall(r"[A-Za-z]+", part)]
    return route.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameter(query: Query) -> dict[str, Any]:
    schema: dict[str, Any]
    if query.minimum is not None:
        schema = {"type": "integer", "minimum": query.minimum, "maximum": query.maximum}
    elif query.choices:
        schema = {"type": "string", "enum": list(query.choices)}
    else:
        schema = {"type": "string"} | ({"maxLength": query.max_length} if query.max_length else {})
    return {"name": query.name, "in": "query", "description": query.description, "schema": schema}


def _responses(route: Route) -> dict[str, Any]:
    success: dict[str, Any] = {"description": route.description}
    if route.answer:
        success["content"] = _content(route.answer.__name__)
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in sorted({*route.errors, *COMMON_ERRORS}):
        by_status[STATUSES[code]].append(code)
    refusals = {
        str(status): {"description": ", ".join(codes), "content": _content("ErrorBody")}
        for status, codes in sorted(by_status.items())
    }
    return {str(route.status): success, **refusals}


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
