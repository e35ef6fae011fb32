"""The errors that clients get. Each has a code for programs and a message for people.

A ChatError is an error of the caller, answered with its code and message. Any other exception is an error of the
server: the entry points answer INTERNAL with a correlation id, and log the exception.
"""

from enum import StrEnum
from typing import ClassVar


class ErrorCode(StrEnum):
    """The codes of `error` frames and of REST errors."""

    INVALID_FRAME = "INVALID_FRAME"
    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_ACTION = "UNKNOWN_ACTION"
    NOT_A_MEMBER = "NOT_A_MEMBER"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    NAME_TAKEN = "NAME_TAKEN"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_MANY_REFUSALS = "TOO_MANY_REFUSALS"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    INTERNAL = "INTERNAL"


class ChatError(Exception):
    """An error that the caller can correct. The message is shown to users."""

    code: ClassVar[ErrorCode]
    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidFrameError(ChatError):
    """The frame is not a JSON object, or its fields are not those of its action."""

    code = ErrorCode.INVALID_FRAME


class InvalidRequestError(ChatError):
    """The body or the query string of a REST request is not valid for its route."""

    code = ErrorCode.INVALID_REQUEST


class UnknownActionError(ChatError):
    """The frame's action is unknown."""

    code = ErrorCode.UNKNOWN_ACTION


class TextTooLongError(ChatError, ValueError):
    """The text has too many bytes of UTF-8. Also a ValueError, so that Pydantic reports it as a field's error."""

    code = ErrorCode.TEXT_TOO_LONG


class NotAMemberError(ChatError):
    """The caller is not a member of the channel. The message does not reveal whether the channel exists."""

    code = ErrorCode.NOT_A_MEMBER
    status = 403


class ForbiddenError(ChatError):
    """The caller may see the resource but not do this to it."""

    code = ErrorCode.FORBIDDEN
    status = 403


class NotFoundError(ChatError):
    """The resource does not exist, or the caller may not see it."""

    code = ErrorCode.NOT_FOUND
    status = 404


class UnreadableError(NotFoundError):
    """A row that the request needs is damaged. It is logged and counted, and an operator has to repair it."""


class NameTakenError(ChatError):
    """Another public channel has this name."""

    code = ErrorCode.NAME_TAKEN
    status = 409


class SessionExpiredError(ChatError):
    """The caller's session has ended. A new sign-in gets a ticket for a new socket."""

    code = ErrorCode.SESSION_EXPIRED
    status = 401


class RateLimitedError(ChatError):
    """Too many frames or requests. The next one is accepted after `retry_after_ms`."""

    code = ErrorCode.RATE_LIMITED
    status = 429

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class TooManyRefusalsError(RateLimitedError):
    """Too many frames of the user were refused. The socket is closed; another may open after `retry_after_ms`."""

    code = ErrorCode.TOO_MANY_REFUSALS
