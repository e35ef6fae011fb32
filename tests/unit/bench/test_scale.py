"""The simulation of a stage under load, against what was measured and what the quotas allow."""

from pathlib import Path

import pytest

from bench import scale, scale_demand
from bench.chart import Line, line_chart
from bench.pauses import Pauses
from bench.queue_model import QueueModel, Size, Times, machine
from bench.scale_demand import Demand
from bench.scale_model import (
    FAST,
    LONGEST_RETRIES_SECONDS,
    RUN_DEADLINE_SECONDS,
    SLOW,
    Bucket,
    Quotas,
    Services,
    SimulatedMachine,
    SimulatedStage,
    one_at_a_time,
    under_load,
)

ROOT = Path(__file__).resolve().parents[3]
PAUSES = Pauses((0.06, 0.08), 1.4)
"""A tenth of the time."""


@pytest.mark.slow
def test_the_queue_model_predicts_what_a_local_stage_did():
    """Within a fifth, in a recorded run: the time under load, and another channel. It has no latency of AWS."""
    for prediction in scale.RECORDED.predictions():
        assert 0.8 <= prediction.ratio <= 1.2, prediction.name


@pytest.mark.thorough
@pytest.mark.parametrize("pauses", [Pauses(), PAUSES], ids=str)
def test_the_queue_model_is_calibrated_and_linear(pauses: Pauses):
    """It computes the figures that it is given; in the middle of two sizes, a message takes the mean of both."""
    known = (
        Size(recipients=2, alone_ms=20, burst_rate=50),
        Size(recipients=30, alone_ms=40, burst_rate=1000 / 30),
    )
    for predicted in (*known, Size(recipients=16, alone_ms=30, burst_rate=40)):
        model = QueueModel(known=known, predicted=predicted, loads=(), pauses=pauses)
        assert [found.ratio for found in model.predictions()] == pytest.approx([1, 1], rel=0.06)


def test_a_pause_stops_all_processors():
    """Few messages are in progress when one begins: the p95 is longer, and the median is not."""
    times = Times(path_ms=10, work_ms=20)
    without, paused = (
        under_load(machine(times, pauses), 10, seconds=100, evenly=True) for pauses in (Pauses(), PAUSES)
    )
    assert paused.p50 == pytest.approx(without.p50, rel=0.05)
    assert paused.p95 > without.p95 + 10
    assert paused.backlog <= 1


def test_a_message_waits_for_the_work_that_the_one_before_left():
    """One at a time: alone if the sender waits long between two, and slower if it sends at once."""

    def stage() -> SimulatedMachine:
        return SimulatedMachine(cores=2, path_ms=10, work_ms=60)

    rested = one_at_a_time(stage(), 100, poll_seconds=1)
    assert rested == pytest.approx(under_load(stage(), 1, seconds=100, evenly=True).p50, rel=0.1)
    assert one_at_a_time(stage(), 100, poll_seconds=0.001) > 1.05 * rested


@pytest.mark.parametrize("services", [FAST, SLOW], ids=lambda services: services.source)
def test_posts_above_the_quota_pile_up(services: Services):
    """1,000 connections: ten messages a second use up the account's requests."""
    below = under_load(SimulatedStage(services, Quotas(), 1_000), 5, seconds=30)
    above = under_load(SimulatedStage(services, Quotas(), 1_000), 15, seconds=30)
    assert below.backlog <= 10
    assert above.backlog > 50
    assert below.lost == 0
    assert below.p50 >= services.bus.p50 + services.start.p50


@pytest.mark.thorough
def test_posts_above_the_quota_are_lost_when_their_retries_end():
    """At 120 % of the quota a sixth is, after the first minute. A frame and both pages wait 15 s at most."""
    quotas = Quotas(requests=2_000, request_burst=1_000)
    above = under_load(SimulatedStage(FAST, quotas, 1_000), 1.2 * quotas.requests / 1_001, seconds=900)
    assert 0.1 < above.lost < 0.18
    assert above.p95 < 1_000 * (3 * LONGEST_RETRIES_SECONDS + 2)


def test_a_run_begins_no_page_after_its_deadline():
    """The recipients of its further pages are lost: a dead letter has them."""
    quotas = Quotas(requests=100, request_burst=50)
    late = under_load(SimulatedStage(FAST, quotas, 10_000), 0.01, seconds=400)
    assert late.p95 < 1_000 * (RUN_DEADLINE_SECONDS + LONGEST_RETRIES_SECONDS + 10)
    assert late.lost > 0.3


@pytest.mark.parametrize(("wait", "units"), [(None, 15), (0.5, 5)])
def test_a_bucket_is_not_used_by_what_it_refuses(wait: float | None, units: float):
    """A refused request takes no unit, so the next one waits as long as without it."""
    bucket = Bucket(rate=10, burst=1)
    bucket.delay(0, 1)
    assert bucket.delay_within(1, 0, units) == wait
    assert bucket.delay(0, 1) == pytest.approx((wait or 0) + 0.1)


@pytest.mark.thorough
def test_shards_carry_what_one_partition_of_subscriptions_does_not():
    """With raised quotas, 10,000 connections and 20 messages a second: one partition serves 8 of them."""

    def p95(shards: int) -> float:
        quotas = Quotas(requests=1e6, request_burst=5e5, functions=100_000, shards=shards)
        return under_load(SimulatedStage(FAST, quotas, 10_000), 20, seconds=8).p95

    assert p95(1) > 2 * p95(8)


def test_a_simulation_is_repeated_by_its_seed():
    """Its random numbers are its own."""
    first, second = (under_load(SimulatedStage(FAST, Quotas(), 10), 20, seconds=5) for _ in range(2))
    assert first == second


def test_the_demand_grows_with_the_people():
    """All rates are linear, so the page can be read for other sizes."""
    small, large = Demand(1_000), Demand(100_000)
    assert large.requests == pytest.approx(100 * small.requests)
    assert sum(large.dollars().values()) == pytest.approx(100 * sum(small.dollars().values()))


def test_a_message_to_ten_makes_at_least_23_requests(monkeypatch: pytest.MonkeyPatch):
    """Two frames, ten posts, nine posts of typing, a read marker with its post; nothing else in a short time."""
    monkeypatch.setattr(scale_demand, "TYPING_FRAMES_PER_MESSAGE", 1)
    demand = Demand(300_000)
    others = demand.pings + demand.connects * (1 + scale_demand.REQUESTS_PER_CONNECTION)
    assert (demand.requests - others) / demand.messages == pytest.approx(23)


def test_a_socket_lives_as_long_as_its_token():
    """The browser replaces it a minute before the token of an hour ends: an hour is the least of the three."""
    machine = (ROOT / "ui/src/core/socket/machine.ts").read_text()
    assert "SESSION_MARGIN_MS = 60_000;" in machine
    assert "ROTATE_AFTER_MS = 105 * 60_000;" in machine
    assert "id_token_validity=cdk.Duration.hours(1)" in (ROOT / "stacks/frontend.py").read_text()
    assert min(105 * 60, 3_600 - 60) == scale_demand.SECONDS_PER_CONNECTION


def test_a_chart_has_each_line_and_its_name():
    """Names are escaped."""
    svg = line_chart(
        "title", "x", "y", [Line("a < b", [(1, 10), (10, 200)]), Line("c", [(2, 20)], is_dashed=True)]
    )
    assert svg.count("<polyline") == 2
    assert "a &lt; b" in svg
