"""Authentication of the inspector's API: ID tokens of the stage's own user pool.

Signature, issuer, audience, kind and expiry are checked with the keys that the pool publishes, as API Gateway's
Cognito authorizer checks them for the REST API.
"""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jwt

from functions.contract.session import Principal, principal
from inspector.sign_in import NotSignedInError, bearer

ALGORITHMS = ["RS256"]
LEEWAY_SECONDS = 5
KEY_SET_COOLDOWN_SECONDS = 10
"""An unknown key id has the pool's keys fetched again, at most this often."""


@dataclass
class TokenVerifier:
    """Verifies ID tokens of one user pool for one client."""

    emulator_url: str
    region: str
    user_pool_id: str
    client_id: str
    is_operator: bool = field(default=False, init=False)

    @property
    def issuer(self) -> str:
        """The issuer of the pool's tokens."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"

    @cached_property
    def keys(self) -> jwt.PyJWKClient:
        """The pool's keys, cached."""
        url = f"{self.emulator_url}/{self.user_pool_id}/.well-known/jwks.json"
        return jwt.PyJWKClient(url, timeout=5, cooldown_duration=KEY_SET_COOLDOWN_SECONDS)

    async def session_end_ms(self, authorization: str | None) -> int:
        """When the user's session ends. Raises as `verify`."""
        return (await self.verify(authorization)).session_expires_at_ms

    async def verify(self, authorization: str | None) -> Principal:
        """The user of an Authorization header. Raises NotSignedInError, or PyJWKClientConnectionError."""
        token = bearer(authorization)
        if not token:
            raise NotSignedInError("Sign in first: the inspector takes the same ID token as the API.")
        try:
            key = await asyncio.to_thread(self.keys.get_signing_key_from_jwt, token)
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
                raise NotSignedInError("The token is not an ID token.")
            return principal({name: str(value) for name, value in claims.items()})
        except jwt.ExpiredSignatureError:
            raise NotSignedInError("The session has ended; sign in again.") from None
        except jwt.exceptions.PyJWKClientConnectionError:
            raise
        except (jwt.PyJWTError, KeyError, ValueError):
            raise NotSignedInError("The token is not one of this stage's.") from None
