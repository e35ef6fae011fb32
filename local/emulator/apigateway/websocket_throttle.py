"""The throttle of a WebSocket API's stage: a token bucket, shared by the frames and handshakes of all clients.

On AWS, each stage has a rate and a burst (`DefaultRouteSettings`), and a route may have its own (`RouteSettings`).
Beyond them, a frame is answered `{"message": "Too Many Requests", …}` without reaching its route, and a handshake
429. MiniStack stores the settings and does not apply them.
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

MESSAGE = "Too Many Requests"


class TokenBucket:
    """`burst` tokens, to which `rate` are added per second. For use in one event loop."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self.rate, self.burst = rate, burst
        self._now = now
        self._tokens = burst
        self._filled_at = now()

    def take(self) -> bool:
        """Take a token. Returns False if there is none."""
        now = self._now()
        self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class StageThrottle:
    """The buckets of all stages, by API, stage and route; routes without settings share the stage's bucket."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def admit(self, api_id: str, stage_name: str, stage: Mapping[str, Any], route_key: str) -> bool:
        """Whether a frame may reach its route now. `stage` is the description of the API stage."""
        own = limits((stage.get("routeSettings") or {}).get(route_key))
        rate_and_burst = own or limits(stage.get("defaultRouteSettings"))
        if rate_and_burst is None:
            return True
        key = (api_id, stage_name, route_key if own else "")
        bucket = self._buckets.get(key)
        if bucket is None or (bucket.rate, bucket.burst) != rate_and_burst:
            # An update of the stage changed its settings.
            bucket = self._buckets[key] = TokenBucket(*rate_and_burst, self._now)
        return bucket.take()


def limits(settings: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """The rate and burst in route settings, in the form of CloudFormation or of the API. None without them."""
    if not settings:
        return None
    values = {name[0].lower() + name[1:]: value for name, value in settings.items()}
    rate, burst = values.get("throttlingRateLimit"), values.get("throttlingBurstLimit")
    return None if rate is None or burst is None else (float(rate), float(burst))
