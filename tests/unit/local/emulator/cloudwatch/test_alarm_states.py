"""The state of an alarm, by the values of its periods."""

from typing import Any

import pytest

from local.emulator.cloudwatch.alarm_states import judge


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    } | changes


@pytest.mark.parametrize(
    ("changes", "values", "state"),
    [
        ({}, [None, 5.0], "ALARM"),
        ({}, [5.0, None], "ALARM"),
        ({}, [4.9, 4.9], "OK"),
        ({}, [None, None], "OK"),
        ({"ComparisonOperator": "GreaterThanThreshold"}, [5.0, 5.0], "OK"),
        ({"ComparisonOperator": "LessThanThreshold"}, [None, 4.0], "ALARM"),
        ({"TreatMissingData": "missing"}, [None, None], "INSUFFICIENT_DATA"),
        ({"TreatMissingData": "ignore"}, [None, None], None),
        ({"TreatMissingData": "breaching"}, [None, None], "ALARM"),
        # All periods must reach the threshold, unless the alarm says how many.
        ({"EvaluationPeriods": 2}, [None, 9.0, 1.0], "OK"),
        ({"EvaluationPeriods": 2}, [9.0, 9.0, 1.0], "ALARM"),
        ({"EvaluationPeriods": 2}, [1.0, 9.0, 9.0], "ALARM"),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 2}, [None, 9.0, None, 9.0], "ALARM"),
    ],
)
def test_the_state_of_an_alarm(changes: dict[str, Any], values: list[float | None], state: str | None) -> None:
    """The last value is that of the period that is not over yet. None: the state stays."""
    assert judge(alarm(**changes), values)[0] == state
