"""A stage's throttle: a token bucket that all clients share, and one for each route with its own settings."""

from typing import Any

from local.emulator.apigateway.websocket_throttle import StageThrottle

STAGE: dict[str, Any] = {"defaultRouteSettings": {"ThrottlingRateLimit": 10, "ThrottlingBurstLimit": 3}}


class Time:
    """Seconds that a test advances."""

    def __init__(self) -> None:
        self.now = 100.0


def admitted(throttle: StageThrottle, stage: dict[str, Any], route: str, count: int) -> int:
    return sum(throttle.admit("api", "socket", stage, route) for _ in range(count))


def test_a_burst_is_admitted_and_then_the_rate():
    """A tenth of a second fills one token at ten per second; a pause fills at most the burst."""
    time = Time()
    throttle = StageThrottle(lambda: time.now)
    assert admitted(throttle, STAGE, "talk", 10) == 3
    time.now += 0.2
    assert admitted(throttle, STAGE, "$default", 10) == 2
    time.now += 60
    assert admitted(throttle, STAGE, "talk", 10) == 3


def test_a_route_with_its_own_settings_has_its_own_bucket():
    """It neither uses the stage's tokens nor is refused without them."""
    time = Time()
    throttle = StageThrottle(lambda: time.now)
    own = {"ping": {"throttlingRateLimit": 1, "throttlingBurstLimit": 1}}
    stage = STAGE | {"routeSettings": own}
    assert [admitted(throttle, stage, "ping", 5), admitted(throttle, stage, "talk", 5)] == [1, 3]


def test_without_settings_every_frame_is_admitted():
    """And an update of the stage is in force at once."""
    throttle = StageThrottle(lambda: 100.0)
    assert admitted(throttle, {}, "talk", 5_000) == 5_000
    assert admitted(throttle, {"defaultRouteSettings": {}}, "talk", 5) == 5
    assert admitted(throttle, STAGE, "talk", 5) == 3
