"""Who may call the inspector's API: a protocol, and the key of an operator on loopback.

The local stage's front door takes the ID tokens of its user pool (`tokens`). `parley inspect` takes a key that it
prints once and keeps in memory: every user of the machine can reach its port, and it has AWS credentials.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Protocol

KEY_BYTES = 32
NEVER_MS = 2**53
"""The end of a session that ends with the process."""


class NotSignedInError(Exception):
    """There is no valid token or key. The message is shown to the user."""


class SignIn(Protocol):
    """Checks the Authorization header of a request."""

    @property
    def is_operator(self) -> bool:
        """Whether those who are signed in are operators, who may change the stage."""

    async def session_end_ms(self, authorization: str | None) -> int:
        """The time until which the caller is signed in. Raises NotSignedInError."""


@dataclass(frozen=True)
class OperatorKey:
    """A random key, which the page sends in the header of each request."""

    is_operator: bool = field(default=True, init=False)
    value: str = field(default_factory=lambda: secrets.token_urlsafe(KEY_BYTES), repr=False)

    async def session_end_ms(self, authorization: str | None) -> int:
        """Without an end. Raises NotSignedInError for any other key."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(key.encode(), self.value.encode()):
            raise NotSignedInError(
                "This page has no key, or an old one: open the address that `parley inspect` printed."
            )
        return NEVER_MS


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header, with or without its scheme; empty if there is none."""
    token = (authorization or "").strip()
    return token[7:].strip() if token.lower().startswith("bearer ") else token
