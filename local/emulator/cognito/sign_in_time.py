"""Keep the moment of sign-in in every token of one session, renewed ones too.

AWS: `auth_time` is when the person signed in, and a refresh does not change it. MiniStack says when the token
was made, and OpenID Connect clients refuse a renewed token that claims another sign-in. The moment is kept in
the session's refresh token, as the time of its issue, so it outlives the emulator.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from local.emulator import patching

MOST_SESSIONS = 10_000

Claims = dict[str, Any]


class SignInTimes:
    """When the session of each `origin_jti` began, for as long as it is asked for."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, claims: Mapping[str, Any]) -> int:
        """When the session of a token began: what is known, or else this token's own time."""
        origin, issued = str(claims["origin_jti"]), int(claims["iat"])
        with self._lock:
            began = self._times.setdefault(origin, issued)
            self._times.move_to_end(origin)
            while len(self._times) > MOST_SESSIONS:
                self._times.popitem(last=False)
        return began

    def stamped(self, claims: Claims) -> Claims:
        """Claims as they are signed: with the session's time in place of the token's."""
        if not claims.get("origin_jti"):
            return claims
        began = self.first(claims)
        if claims.get("token_use") == "refresh":
            return claims | {"iat": began}
        return claims | {"auth_time": began} if "auth_time" in claims else claims


def install() -> None:
    """Stamp what MiniStack signs, and learn from the refresh tokens that come back."""
    times = SignInTimes()
    sign = patching.original("services.cognito", "_signed_jwt")
    read = patching.original("services.cognito", "_token_claims")

    def signed(claims: Claims, *where: str) -> str:
        return str(sign(times.stamped(claims), *where))

    def claims_of(token: Any) -> Claims:
        claims: Claims = read(token)
        if claims.get("token_use") == "refresh" and claims.get("origin_jti"):
            times.first(claims)
        return claims

    patching.replace("services.cognito", "_signed_jwt", signed)
    patching.replace("services.cognito", "_token_claims", claims_of)
