"""The health of a deployed stage's alarms."""

import pytest

from ops.check import health
from tests.unit.ops.stages import deployed_stage, stubbed


@pytest.mark.parametrize(
    ("states", "status", "detail"),
    [
        ([], "warning", "there are no alarms"),
        (["OK", "INSUFFICIENT_DATA"], "ok", "2 alarms, none in alarm"),
        (["OK", "ALARM"], "warning", "in alarm: Parley-tests-Delivery-1"),
    ],
)
def test_no_alarm_at_all_is_no_good_sign(states: list[str], status: str, detail: str):
    """Every stage is deployed with alarms."""
    stage = deployed_stage()
    names = (f"Parley-tests-Delivery-{number}" for number in range(len(states)))
    alarms = [{"AlarmName": name, "StateValue": state} for name, state in zip(names, states, strict=True)]
    stubbed(stage, "cloudwatch").add_response("describe_alarms", {"MetricAlarms": alarms})
    found = health._alarms(stage)
    assert (found.status, found.detail) == (status, detail)
