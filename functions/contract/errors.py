"""One tree of errors: each carries a code that clients may rely on and a sentence for a person.

What a caller can mend is a ChatError. Anything else that is raised is a fault of ours: the edge
turns it into INTERNAL with a correlation id, and the log has the rest.
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
    SESSION_EXPIRED = "SESSION_EXPIRED"
    INTERNAL = "INTERNAL"


class ChatError(Exception):
    """Something that the caller can mend. The message is shown to people."""

    code: ClassVar[ErrorCode]
    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidFrameError(ChatError):
    """A frame that is not JSON, or whose fields are not what its action takes."""

    code = ErrorCode.INVALID_FRAME


class InvalidRequestError(ChatError):
    """A REST request whose body or query is not what its route takes."""

    code = ErrorCode.INVALID_REQUEST


class UnknownActionError(ChatError):
    """A frame whose action no route takes."""

    code = ErrorCode.UNKNOWN_ACTION


class TextTooLongError(ChatError, ValueError):
    """A text over the limit, which counts bytes of UTF-8. A ValueError too, so that Pydantic passes it on."""

    code = ErrorCode.TEXT_TOO_LONG


class NotAMemberError(ChatError):
    """The channel is not one of the caller's. Says nothing of whether it exists."""

    code = ErrorCode.NOT_A_MEMBER
    status = 403


class ForbiddenError(ChatError):
    """The caller may see the thing but not do this to it."""

    code = ErrorCode.FORBIDDEN
    status = 403


class NotFoundError(ChatError):
    """There is no such thing, or none that the caller may know of."""

    code = ErrorCode.NOT_FOUND
    status = 404


class NameTakenError(ChatError):
    """Another public channel has that name."""

    code = ErrorCode.NAME_TAKEN
    status = 409


class SessionExpiredError(ChatError):
    """The session behind the socket has ended; a fresh ticket opens a fresh socket."""

    code = ErrorCode.SESSION_EXPIRED
    status = 401


class RateLimitedError(ChatError):
    """Too many frames; `retry_after_ms` says when the next will be taken."""

    code = ErrorCode.RATE_LIMITED
    status = 429

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms
