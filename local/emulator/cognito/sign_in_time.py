"""Keep the time of the sign-in in every token of a session, including renewed tokens.

On AWS, `auth_time` is the time when the user signed in, and a refresh does not change it. MiniStack sets it to the
time when the token was issued, and OpenID Connect clients reject a renewed token with another `auth_time`. This
addition keeps the time of the sign-in in the session's refresh token, as its `iat`, so that it survives a restart
of the emulator.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from local.emulator import patching

MAX_SESSIONS = 10_000

Claims = dict[str, Any]


class SignInTimes:
    """When each session (`origin_jti`) began; the least recently used sessions beyond MAX_SESSIONS are dropped."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def session_start(self, claims: Mapping[str, Any]) -> int:
        """When a token's session began, in epoch seconds: the recorded time, or else the token's `iat`."""
        origin, issued = str(claims["origin_jti"]), int(claims["iat"])
        with self._lock:
            began = self._times.setdefault(origin, issued)
            self._times.move_to_end(origin)
            while len(self._times) > MAX_SESSIONS:
                self._times.popitem(last=False)
        return began

    def with_session_start(self, claims: Claims) -> Claims:
        """The claims to sign: with the start of the session instead of the time of the token."""
        if not claims.get("origin_jti"):
            return claims
        began = self.session_start(claims)
        if claims.get("token_use") == "refresh":
            return claims | {"iat": began}
        return claims | {"auth_time": began} if "auth_time" in claims else claims


def install() -> None:
    """Change the claims that MiniStack signs, and record the `iat` of refresh tokens that clients send."""
    times = SignInTimes()
    sign = patching.original("services.cognito", "_signed_jwt")
    read = patching.original("services.cognito", "_token_claims")

    def signed(claims: Claims, *arguments: str) -> str:
        return str(sign(times.with_session_start(claims), *arguments))

    def claims_of(token: Any) -> Claims:
        claims: Claims = read(token)
        if claims.get("token_use") == "refresh" and claims.get("origin_jti"):
            times.session_start(claims)
        return claims

    patching.replace("services.cognito", "_signed_jwt", signed)
    patching.replace("services.cognito", "_token_claims", claims_of)
