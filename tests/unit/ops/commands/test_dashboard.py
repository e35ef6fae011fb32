"""How the dashboard is drawn in a terminal."""

import pytest

from ops.commands.dashboard import bars
from ops.models import DashboardLine


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([0.0, 1.0], "▁█"),
        ([0.0, 5.0, 10.0], "▁▅█"),
        ([0.0, 0.0], "▁▁"),
        # A negative value, such as a fall of open connections, is at the bottom.
        ([-3.0, 3.0], "▁█"),
        ([float(number) for number in range(100)], None),
    ],
)
def test_a_line_is_drawn_from_zero_to_its_greatest_value(values: list[float], drawn: str | None):
    """The newest values, as many as fit."""
    line = DashboardLine(label="sent", times=["2026-11-28T12:00:00Z"] * len(values), values=values)
    assert bars(line) == drawn if drawn else len(bars(line)) == 48
