"""Who may read the inspector: people of the stage's own user pool, by an ID token that is really its own.

Signature, issuer, audience, kind and expiry are checked with the keys that the pool publishes, as API Gateway's
authorizer does on the REST API.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

from functions.contract.session import Principal, principal

ALGORITHMS = ["RS256"]
LEEWAY_SECONDS = 5
# An unknown key id is looked up again, but not at every wrong token.
KEYS_AGE_SECONDS = 10.0


class NotSignedInError(Exception):
    """There is no token, or not one of this stage's. The message is for a person."""


@dataclass
class TokenVerifier:
    """Verifies ID tokens of one user pool for one client."""

    emulator_url: str
    region: str
    user_pool_id: str
    client_id: str
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float = float("-inf")

    @property
    def issuer(self) -> str:
        """Whom tokens name as their issuer."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"

    async def verify(self, authorization: str | None) -> Principal:
        """The person behind an Authorization header. Raises NotSignedInError."""
        token = (authorization or "").strip()
        if token.lower().startswith("bearer "):
            token = token[7:].strip()
        if not token:
            raise NotSignedInError("Sign in first: the inspector takes the same ID token as the API.")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key=key,
                algorithms=ALGORITHMS,
                audience=self.client_id,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            if claims.get("token_use") != "id":
                raise NotSignedInError("That is no ID token.")
            return principal({name: str(value) for name, value in claims.items()})
        except jwt.ExpiredSignatureError:
            raise NotSignedInError("The session has ended; sign in again.") from None
        except (jwt.PyJWTError, KeyError, ValueError):
            raise NotSignedInError("The token is not one of this stage's.") from None

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if key_id not in self._keys and time.monotonic() - self._fetched_at > KEYS_AGE_SECONDS:
            async with httpx.AsyncClient(base_url=self.emulator_url, trust_env=False, timeout=5) as http:
                answer = await http.get(f"/{self.user_pool_id}/.well-known/jwks.json")
                answer.raise_for_status()
            self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(answer.json()).keys if key.key_id}
            self._fetched_at = time.monotonic()
        if key_id not in self._keys:
            raise NotSignedInError("The token is not one of this stage's.")
        return self._keys[key_id]
