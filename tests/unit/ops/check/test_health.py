"""The health of a deployed stage's alarms."""

import pytest

from ops.check import health
from tests.unit.ops.stages import deployed_stage, stubbed


@pytest.mark.parametrize(
    ("states", "status", "detail"),
    [
        ([], "warning", "there are no alarms"),
        (["OK", "INSUFFICIENT_DATA"], "ok", "2 alarms, none in alarm"),
        (["OK", "ALARM"], "warning", "in alarm: alarm-1"),
    ],
)
def test_no_alarm_at_all_is_no_good_sign(states: list[str], status: str, detail: str):
    """Every stage is deployed with alarms."""
    stage = deployed_stage()
    alarms = [{"AlarmName": f"alarm-{number}", "StateValue": state} for number, state in enumerate(states)]
    stubbed(stage, "cloudwatch").add_response("describe_alarms", {"MetricAlarms": alarms})
    found = health._alarms(stage)
    assert (found.status, found.detail) == (status, detail)
