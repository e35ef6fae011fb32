"""The inspector accepts ID tokens of the stage's user pool, and no other tokens."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from inspector.sign_in import NotSignedInError
from inspector.tokens import TokenVerifier

pytestmark = pytest.mark.anyio

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"


def token_verifier() -> TokenVerifier:
    """A verifier with the pool's keys already fetched."""
    verifier = TokenVerifier("http://127.0.0.1:1", "us-east-1", "us-east-1_pool", "client")
    public = {**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "alg": "RS256", "use": "sig"}
    cache = verifier.keys.jwk_set_cache
    assert cache is not None
    cache.put({"keys": [public]})
    verifier.keys._last_successful_fetch = time.monotonic()
    return verifier


def token(key: Any = KEY, *, kid: str = "k1", algorithm: str = "RS256", **changes: Any) -> str:
    """A token as the pool signs it, with changed claims; None removes a claim."""
    now = int(time.time())
    claims = {
        "sub": "alice-id",
        "iss": ISSUER,
        "aud": "client",
        "token_use": "id",
        "iat": now,
        "exp": now + 600,
        "cognito:username": "alice",
        "name": "Alice",
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer "])
async def test_an_id_token_of_the_pool_is_accepted(prefix: str):
    """With or without the scheme, as the API accepts it."""
    principal = await token_verifier().verify(prefix + token())
    assert (principal.user_id, principal.display_name) == ("alice-id", "Alice")


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("nothing", lambda: None),
        ("empty", lambda: "Bearer "),
        ("nonsense", lambda: "nonsense"),
        ("another key", lambda: token(OTHER)),
        ("an unknown key id", lambda: token(kid="k2")),
        ("expired", lambda: token(exp=int(time.time()) - 60)),
        ("another issuer", lambda: token(iss="https://example.com")),
        ("another pool", lambda: token(iss=f"{ISSUER}x")),
        ("another client", lambda: token(aud="other")),
        ("no audience", lambda: token(aud=None)),
        ("no expiry", lambda: token(exp=None)),
        ("an access token", lambda: token(token_use="access")),
        ("unsigned", lambda: token(None, algorithm="none")),
        ("signed with the public key as a secret", lambda: _hmac_with_the_public_key()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_any_other_token_is_refused(name: str, build: Any):
    """With NotSignedInError, whatever is wrong with it."""
    with pytest.raises(NotSignedInError):
        await token_verifier().verify(build())


def _hmac_with_the_public_key() -> str:
    """An algorithm confusion attack. Built by hand, because the library refuses to sign with a public key."""
    import base64
    import hashlib
    import hmac

    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _, claims, _ = token().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"k1"}').rstrip(b"=").decode()
    signed = f"{header}.{claims}"
    signature = base64.urlsafe_b64encode(hmac.new(public, signed.encode(), hashlib.sha256).digest())
    return f"{signed}.{signature.rstrip(b'=').decode()}"
