"""The simulation of a stage under load, against what was measured and what the quotas allow."""

import pytest

from bench import scale
from bench.chart import Line, line_chart
from bench.scale_demand import Demand
from bench.scale_model import FAST, SLOW, Quotas, Services, SimulatedStage, under_load


def test_the_simulated_local_stage_is_within_a_fifth_of_the_measured_one():
    """Latency under load, and the throughput of a burst."""
    for name, (simulated, measured) in scale.compare_with_local().items():
        assert 0.8 <= simulated / measured <= 1.2, name


@pytest.mark.parametrize("services", [FAST, SLOW], ids=lambda services: services.source)
def test_posts_above_the_quota_pile_up(services: Services):
    """1,000 connections: ten messages a second use up the account's requests."""
    below = under_load(SimulatedStage(services, Quotas(), 1_000), 5, seconds=30)
    above = under_load(SimulatedStage(services, Quotas(), 1_000), 15, seconds=30)
    assert below.backlog <= 10
    assert above.backlog > 50
    assert below.p50 >= services.bus.p50 + services.start.p50


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


def test_a_chart_has_each_line_and_its_name():
    """Names are escaped."""
    svg = line_chart(
        "title", "x", "y", [Line("a < b", [(1, 10), (10, 200)]), Line("c", [(2, 20)], is_dashed=True)]
    )
    assert svg.count("<polyline") == 2
    assert "a &lt; b" in svg
