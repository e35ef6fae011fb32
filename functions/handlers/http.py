"""REST requests and responses: the caller, bodies, queries and cursors, answers and errors."""

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
    """Return the caller, from the ID token that API Gateway verified."""
    return principal(_context(router)["authorizer"]["claims"])


def origin(router: BaseRouter) -> str | None:
    """Return the `Origin` header, which browsers send, or None."""
    headers = router.current_event.headers or {}
    return next((value for name, value in headers.items() if name.lower() == "origin"), None)


def correlation_id(router: BaseRouter) -> str:
    """Return the request's id, which API Gateway logs too."""
    return str(_context(router)["requestId"])


def _context(router: BaseRouter) -> dict[str, Any]:
    context: dict[str, Any] = router.current_event["requestContext"]
    return context


def body_of(router: BaseRouter, shape: type[BodyT]) -> BodyT:
    """Parse the request's body. Raises InvalidRequestError with a message that names the field."""
    try:
        fields = json.loads(router.current_event.body or "")
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not valid JSON. Send one JSON object.") from None
    if not isinstance(fields, dict):
        raise InvalidRequestError("The body is not a JSON object. Send one JSON object.")
    try:
        return shape.model_validate(fields)
    except ValidationError as refusal:
        raise InvalidRequestError(first_fault(refusal, whole="body")) from None


def path_id(text: str, missing: str) -> str:
    """Return an id in the path. Raises NotFoundError with the message `missing` if it is longer than any id."""
    if len(text) > MAX_ID_CHARACTERS:
        raise NotFoundError(missing)
    return text


def query_number(router: BaseRouter, name: str, *, minimum: int, maximum: int) -> int | None:
    """Return an integer in the query string, None if it is absent or empty. Raises InvalidRequestError."""
    text = query_text(router, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16 and minimum <= int(text) <= maximum):
        raise InvalidRequestError(
            f"The query parameter '{name}' is invalid: use a number from {minimum} to {maximum}."
        )
    return int(text)


def query_text(router: BaseRouter, name: str) -> str | None:
    """Return a text in the query string, None if it is absent or empty."""
    parameters = router.current_event.query_string_parameters or {}
    return parameters.get(name) or None


def page_limit(router: BaseRouter, default: int) -> int:
    """Return the `limit` of a page. Raises InvalidRequestError."""
    return query_number(router, "limit", minimum=1, maximum=MAX_PAGE) or default


def cursor_of(router: BaseRouter, parts: int) -> tuple[str, ...] | None:
    """Parse the `cursor` into the parts that `next_cursor` encoded, None if absent. Raises InvalidRequestError."""
    text = query_text(router, "cursor")
    if text is None:
        return None
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        decoded = None
    if not (isinstance(decoded, list) and len(decoded) == parts and all(map(_may_be_key, decoded))):
        raise InvalidRequestError("The query parameter 'cursor' is invalid: use the cursor of the previous page.")
    return tuple(decoded)


def _may_be_key(part: Any) -> bool:
    """Whether this can be a key of a row: DynamoDB keys are not empty and at most a kilobyte long."""
    try:
        return isinstance(part, str) and 0 < len(part.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def next_cursor(parts: tuple[str, ...] | None) -> str | None:
    """Encode where the next page starts, opaque to clients. None: this is the last page."""
    if parts is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def answer(shape: Shape, status: int = 200) -> Response[str]:
    """Return a response with this body."""
    return _response(status, shape.model_dump_json(by_alias=True))


def no_content() -> Response[str]:
    """Return a 204 response."""
    return _response(204, "")


def refusal(error: ChatError) -> Response[str]:
    """Return the response to an error of the caller."""
    body = ErrorBody(code=error.code, message=error.message)
    response = _response(error.status, body.model_dump_json(by_alias=True, exclude_none=True))
    if isinstance(error, RateLimitedError):
        response.headers["Retry-After"] = str(-(-error.retry_after_ms // 1000))
    return response


def fault(correlation: str) -> Response[str]:
    """Return the response to an unexpected exception, with the id to find it in the log."""
    body = ErrorBody(
        code=ErrorCode.INTERNAL,
        message="Something went wrong on our side. Please try again.",
        correlation_id=correlation,
    )
    return _response(500, body.model_dump_json(by_alias=True))


def _response(status: int, body: str) -> Response[str]:
    headers: dict[str, Any] = dict(SECURITY_HEADERS)
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=body, headers=headers)
