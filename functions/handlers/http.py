"""A request to the REST API: who calls, what they send, and how answers and refusals look."""

import base64
import json
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from pydantic import ValidationError

from functions.contract.commands import first_fault
from functions.contract.errors import ChatError, ErrorCode, InvalidRequestError, NotFoundError, RateLimitedError
from functions.contract.headers import SECURITY_HEADERS
from functions.contract.model import Shape
from functions.contract.resources import ErrorBody
from functions.contract.routes import MAX_PAGE
from functions.contract.session import Principal, principal

BodyT = TypeVar("BodyT", bound=Shape)
MAX_KEY_BYTES = 1024
MAX_ID_CHARACTERS = 128


def caller(router: BaseRouter) -> Principal:
    """Who calls, by the ID token that API Gateway verified."""
    return principal(_context(router)["authorizer"]["claims"])


def origin(router: BaseRouter) -> str | None:
    """The origin of the page that calls; programs have none."""
    headers = router.current_event.headers or {}
    return next((value for name, value in headers.items() if name.lower() == "origin"), None)


def correlation_id(router: BaseRouter) -> str:
    """The request's id, which API Gateway logs too."""
    return str(_context(router)["requestId"])


def _context(router: BaseRouter) -> dict[str, Any]:
    context: dict[str, Any] = router.current_event["requestContext"]
    return context


def body_of(router: BaseRouter, shape: type[BodyT]) -> BodyT:
    """The request's body. Raises InvalidRequestError, naming the field."""
    try:
        fields = json.loads(router.current_event.body or "")
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not JSON.") from None
    if not isinstance(fields, dict):
        raise InvalidRequestError("The body is not a JSON object.")
    try:
        return shape.model_validate(fields)
    except ValidationError as refusal:
        raise InvalidRequestError(first_fault(refusal, whole="body")) from None


def path_id(text: str, missing: str) -> str:
    """An id in the path. Raises NotFoundError, saying what is missing, for one too long to be anything's."""
    if len(text) > MAX_ID_CHARACTERS:
        raise NotFoundError(missing)
    return text


def query_number(router: BaseRouter, name: str, *, least: int, most: int) -> int | None:
    """A whole number in the query string, if it is there. Raises InvalidRequestError."""
    text = query_text(router, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most):
        raise InvalidRequestError(f"The query's '{name}' is not right: expected a number from {least} to {most}.")
    return int(text)


def query_text(router: BaseRouter, name: str) -> str | None:
    """A text in the query string, if it is there and not empty."""
    parameters = router.current_event.query_string_parameters or {}
    return parameters.get(name) or None


def page_limit(router: BaseRouter, default: int) -> int:
    """How many items a page may have. Raises InvalidRequestError."""
    return query_number(router, "limit", least=1, most=MAX_PAGE) or default


def cursor_of(router: BaseRouter, parts: int) -> tuple[str, ...] | None:
    """Where a page starts, as `next_cursor` wrote it. Raises InvalidRequestError."""
    text = query_text(router, "cursor")
    if text is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        found = None
    if not (isinstance(found, list) and len(found) == parts and all(map(_may_be_key, found))):
        raise InvalidRequestError("The query's 'cursor' is not one that this API gave.")
    return tuple(found)


def _may_be_key(part: Any) -> bool:
    """Whether a table could have given this: DynamoDB takes no empty key, and none over a kilobyte."""
    try:
        return isinstance(part, str) and 0 < len(part.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def next_cursor(parts: tuple[str, ...] | None) -> str | None:
    """Where the next page starts, opaque to clients."""
    if parts is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def answer(shape: Shape, status: int = 200) -> Response[str]:
    """A shape as the response."""
    return _response(status, shape.model_dump_json(by_alias=True))


def no_content() -> Response[str]:
    """Done, and nothing to tell."""
    return _response(204, "")


def refusal(error: ChatError) -> Response[str]:
    """What the caller can mend."""
    body = ErrorBody(code=error.code, message=error.message)
    response = _response(error.status, body.model_dump_json(by_alias=True, exclude_none=True))
    if isinstance(error, RateLimitedError):
        response.headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    return response


def fault(correlation: str) -> Response[str]:
    """What the caller cannot mend, with the id that finds it in the log."""
    body = ErrorBody(
        code=ErrorCode.INTERNAL,
        message="Something went wrong on our side; please try again.",
        correlation_id=correlation,
    )
    return _response(500, body.model_dump_json(by_alias=True))


def _response(status: int, body: str) -> Response[str]:
    headers: dict[str, Any] = dict(SECURITY_HEADERS)
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=body, headers=headers)
