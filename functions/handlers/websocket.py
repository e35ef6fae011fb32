"""The entry point of the WebSocket routes: parse the caller, run the route, answer with one frame.

Errors are caught only here. An error of the caller is answered with an `error` frame with its code; any other
exception is logged and answered with INTERNAL and a correlation id. The socket stays open, unless the session has
expired or too many of the user's frames were refused: then it is closed after the `error` frame. The answer to
another frame, which is handled at the same time, may arrive between them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from functions.aws import deadline, observability, sockets, tracing
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.contract.errors import (
    ChatError,
    ErrorCode,
    RateLimitedError,
    SessionExpiredError,
    TooManyRefusalsError,
)
from functions.contract.frames import ErrorFrame, Frame
from functions.contract.model import MAX_SEQ, Person
from functions.logic import frame_rate
from functions.logic.refusals import count_refusal
from functions.settings import SocketRouteSettings

CLOSING = frozenset({ErrorCode.SESSION_EXPIRED, ErrorCode.TOO_MANY_REFUSALS})
"""The errors after which the socket is closed."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The user and session of a socket, from the authorizer's context. Nothing of this comes from the frame."""

    user_id: str
    display_name: str
    connection_id: str
    session_id: str
    session_expires_at_ms: int
    signed_in_at: int
    correlation_id: str

    @property
    def person(self) -> Person:
        """The caller as other users see them."""
        return Person(user_id=self.user_id, display_name=self.display_name)


Route = Callable[[Caller, str | None, int], Frame]


def caller_of(event: dict[str, Any]) -> Caller:
    """Return the caller in the event of a route."""
    context = event["requestContext"]
    authorizer = context["authorizer"]
    return Caller(
        user_id=authorizer["userId"],
        display_name=authorizer["displayName"],
        connection_id=context["connectionId"],
        session_id=authorizer["sessionId"],
        session_expires_at_ms=int(authorizer["sessionExpiresAt"]),
        # A socket that was opened before this field existed has no value.
        signed_in_at=int(authorizer.get("signedInAt") or 0),
        correlation_id=context.get("requestId") or context["connectionId"],
    )


def socket_route(route: Route) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Decorate a route: `(caller, text of the frame, now_ms) -> frame` becomes a Lambda handler."""

    @deadline.bounded
    @wraps(route)
    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        body = event.get("body")
        caller = caller_of(event)
        logger.append_keys(
            correlationId=caller.correlation_id, connectionId=caller.connection_id, userId=caller.user_id
        )
        tracing.annotate(userId=caller.user_id, connectionId=caller.connection_id)
        frame = _answer(route, caller, body)
        observability.flush()
        text = frame.encode()
        is_last = isinstance(frame, ErrorFrame) and frame.code in CLOSING
        if is_last and sockets.close_after(text, caller.connection_id):
            return {"statusCode": 200}
        return {"statusCode": 200, "body": text}

    return tracing.traced(handler)


def _answer(route: Route, caller: Caller, body: str | None) -> Frame:
    try:
        now = now_ms()
        if caller.session_expires_at_ms <= now:
            raise SessionExpiredError("Your session has ended. Sign in again.")
        frame_rate.check(SocketRouteSettings.from_env(), caller.user_id, now_ms=now)
        frame = route(caller, body, now)
    except ChatError as refusal:
        logger.info("refused", extra={"errorCode": refusal.code})
        return _error_frame(body, _counted(caller, refusal))
    except Exception:
        observability.unexpected_error("failed")
        return ErrorFrame(
            code=ErrorCode.INTERNAL,
            message="Something went wrong on our side. Please try again.",
            correlation_id=caller.correlation_id,
            **_echo(body),
        )
    logger.info("taken", extra={"frame": frame.model_dump(include={"action", "message_id"}, by_alias=True)})
    return frame


def count_as_refused(caller: Caller) -> None:
    """Count a frame as refused. Raises TooManyRefusalsError, which closes the socket, if there were too many."""
    cool_down_ms = count_refusal(SocketRouteSettings.from_env(), caller.user_id, now_ms=now_ms())
    if cool_down_ms:
        raise TooManyRefusalsError(
            f"Too much of what you sent was refused. You can connect again in {cool_down_ms // 1000} seconds.",
            retry_after_ms=cool_down_ms,
        )


def _counted(caller: Caller, refusal: ChatError) -> ChatError:
    """Count a refusal. Return it, or the error that closes the socket."""
    if not isinstance(refusal, SessionExpiredError | TooManyRefusalsError):
        try:
            count_as_refused(caller)
        except TooManyRefusalsError as flood:
            return flood
    return refusal


def _error_frame(body: str | None, refusal: ChatError) -> ErrorFrame:
    retry_after_ms = refusal.retry_after_ms if isinstance(refusal, RateLimitedError) else None
    return ErrorFrame(code=refusal.code, message=refusal.message, retry_after_ms=retry_after_ms, **_echo(body))


def _echo(body: str | None) -> dict[str, Any]:
    """Return the fields that identify the client's frame, as far as they can be parsed."""
    try:
        fields = json.loads(body or "")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    texts = {"action": "action", "client_message_id": "clientMessageId", "channel_id": "channelId"}
    echo: dict[str, Any] = {
        name: value[:64]
        for name, field in texts.items()
        if isinstance(value := fields.get(field), str) and value.isprintable()
    }
    seq = fields.get("seq")
    return {**echo, "seq": seq} if type(seq) is int and 0 < seq <= MAX_SEQ else echo
