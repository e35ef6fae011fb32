"""What an operator reads about a call that AWS refused, or that did not reach AWS."""

import re

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

DENIED = (
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden",
    "ForbiddenException",
)  # fmt: skip
"""The error codes of AWS for a missing right."""
NOT_ACCEPTED = (
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidToken", "RequestExpired",
    "TokenRefreshRequired", "UnrecognizedClientException",
)  # fmt: skip
"""The error codes of AWS for credentials that are unknown or no longer valid."""
DENIED_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?:.*? on resource: (\S+))?", re.DOTALL)
EMULATOR = "http://127.0.0.1:"


def is_denied(refusal: ClientError) -> bool:
    """Whether the caller has no right to make the call."""
    return refusal.response["Error"]["Code"] in DENIED


def sentence(failure: ClientError | BotoCoreError) -> str:
    """What went wrong, and what to do. A missing right is named by its IAM action."""
    if isinstance(failure, ClientError):
        return _refusal(failure)
    if isinstance(failure, ParamValidationError):
        return f"AWS does not accept a value: {invalid_values(failure)}"
    place = "The local stage's emulator" if EMULATOR in str(failure) else "AWS"
    return f"{place} could not be reached: {failure}"


def invalid_values(failure: ParamValidationError) -> str:
    """Which values of a call are invalid, and why, on one line. The call was not sent."""
    return "; ".join(str(failure.kwargs["report"]).splitlines())


def is_of_the_caller(refusal: ClientError) -> bool:
    """Whether the caller's rights or credentials are the reason, whatever the call asked for."""
    return is_denied(refusal) or refusal.response["Error"]["Code"] in NOT_ACCEPTED


def _refusal(refusal: ClientError) -> str:
    error = refusal.response["Error"]
    message = error.get("Message") or error.get("Code") or "no reason was given"
    if error.get("Code") in NOT_ACCEPTED:
        reason = message.rstrip(".")
        return f"AWS does not accept your credentials ({reason}): renew them, and start the command again."
    if is_denied(refusal):
        named = DENIED_ACTION.search(message)
        action, resource = (named[1], named[2]) if named else (refusal.operation_name, None)
        place = f" on {resource}" if resource else ""
        return f"Your AWS role may not call {action}{place}: add this right to it (docs/operations.md, Rights)."
    return f"{refusal.operation_name} was refused: {message}"
