"""The user and the session in a verified ID token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.contract.text import checked_name

CLAIM_TIME_FORMAT = "%a %b %d %H:%M:%S UTC %Y"

ENDED_SESSION_PREFIX = "session#"
"""The key, in the table `tickets`, of the row that ends one session; the session's id follows."""
ENDED_USER_PREFIX = "user#"
"""The key of the row that ends all sessions of a user that began until its `endedAt`; the user's id follows."""
ENDED_SECONDS = 2 * 60 * 60
"""How long the row of a user is kept: longer than an ID token is valid. Their refresh tokens are revoked."""
ENDED_SESSION_SECONDS = 8 * 24 * 60 * 60
"""How long the row of a session is kept: longer than its refresh token and the last ID token for it are valid.

Only the browser revokes that refresh token, and may not reach the user pool.
"""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The user of a REST call with their session, as in the ID token."""

    user_id: str
    username: str
    display_name: str
    session_id: str
    """The same in all tokens of one sign-in, refreshed ones included."""
    session_expires_at_ms: int
    signed_in_at: int
    """When the session began (seconds since the epoch). Refreshing a token does not change it."""


def principal(claims: Mapping[str, str]) -> Principal:
    """Return the principal in the claims of a verified ID token. Raises KeyError or ValueError."""
    username = claims["cognito:username"]
    return Principal(
        user_id=claims["sub"],
        username=username,
        display_name=_display_name(claims.get("name") or claims.get("preferred_username") or username),
        session_id=claims.get("origin_jti") or f"{claims['sub']} {claims.get('auth_time', '')}",
        session_expires_at_ms=_milliseconds(claims["exp"]),
        signed_in_at=_milliseconds(claims.get("auth_time") or "0") // 1000,
    )


def _display_name(name: str) -> str:
    try:
        return checked_name(name[:64])
    except ValueError:
        return "Somebody"


def _milliseconds(claim: str) -> int:
    """Parse a time into milliseconds.

    In a token it is in seconds; from API Gateway's Cognito authorizer it is `Tue Nov 24 15:11:32 UTC 2026`.
    """
    if str(claim).isdigit():
        return int(claim) * 1000
    moment = datetime.strptime(claim, CLAIM_TIME_FORMAT).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000
