"""Refuse usernames that a user pool on AWS refuses: with spaces or control characters, or too long.

MiniStack accepts every username. The pattern and the length are AWS's:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
"""

import unicodedata
from typing import Any

from local.emulator import patching

Response = tuple[int, dict[str, str], bytes]

MAX_LENGTH = 128
PATTERN = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
"""Letters, marks, symbols, numbers and punctuation: general categories of Unicode."""


def install() -> None:
    """Check the username of each new user, created or signed up."""
    responses = patching.module("core.responses")

    def new_user_error(pool: dict[str, Any], username: str, attributes: dict[str, Any]) -> Response | None:
        message = refusal_of(username)
        if message is not None:
            refusal: Response = responses.error_response_json("InvalidParameterException", message, 400)
            return refusal
        accepted: Response | None = before(pool, username, attributes)
        return accepted

    before = patching.replace("services.cognito", "_new_user_error", new_user_error)


def refusal_of(username: str) -> str | None:
    """AWS's message for a username that it refuses, or None."""
    if len(username) > MAX_LENGTH:
        constraint = f"Member must have length less than or equal to {MAX_LENGTH}"
    elif not all(unicodedata.category(character)[0] in "LMSNP" for character in username):
        constraint = f"Member must satisfy regular expression pattern: {PATTERN}"
    else:
        return None
    return (
        f"1 validation error detected: Value '{username}' at 'username' failed to satisfy constraint: {constraint}"
    )
