"""How the dashboard is drawn in a terminal."""

import pytest

from ops.commands import output
from ops.commands.dashboard import bars, print_alarms
from ops.models import AlarmTransition, DashboardLine, DashboardReport


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


def test_the_latest_changes_of_alarms_are_printed(capsys: pytest.CaptureFixture[str]):
    """Ten of them: `--json` has all."""
    changes = [
        AlarmTransition(
            name=f"Parley-tests-{number}", at="2026-11-28T12:00:00.000Z", before="OK", after="ALARM", reason=""
        )
        for number in range(12)
    ]
    report = DashboardReport(
        stage="tests", since="", until="", period_seconds=60, graphs=[], alarms=[], transitions=changes
    )
    print_alarms(output.console(), report)
    printed = capsys.readouterr().out
    assert ["Parley-tests-9", "OK", "ALARM"] in [line.split()[1:] for line in printed.splitlines()]
    assert "Parley-tests-10" not in printed
