"""The time of a message, split into hops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.follow.latency import Moment, split


@given(st.lists(st.floats(0, 1_000), min_size=1, max_size=6), st.floats(0, 2_000))
def test_hops_add_up_although_clocks_differ(moments: list[float], end: float):
    """They have no gap, no overlap and no negative duration."""
    names = ["route", "bus", "persist", "recipients", "invoke", "post"]
    hops = split([Moment(name, at_ms, "log") for name, at_ms in zip(names, moments, strict=False)], end)
    assert all(hop.end_ms >= hop.start_ms for hop in hops)
    assert all(before.end_ms == after.start_ms for before, after in zip(hops, hops[1:], strict=False))  # noqa: RUF007
    total = hops[-1].end_ms - hops[0].start_ms
    assert sum(hop.end_ms - hop.start_ms for hop in hops) == pytest.approx(total, abs=1e-6)
