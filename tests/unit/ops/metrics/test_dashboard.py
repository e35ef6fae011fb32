"""The values of a deployed dashboard, and its alarms."""

import json
from datetime import UTC, datetime

from botocore.stub import ANY

from ops.metrics import dashboard
from tests.unit.ops.stages import deployed_stage, stubbed

BODY = {
    "widgets": [
        {
            "type": "metric",
            "x": 0,
            "y": 0,
            "height": 6,
            "properties": {
                "title": f"Graph {number}",
                "metrics": [
                    [{"expression": "IF(sent > 0, 2 * sent, 0)", "label": "twice"}],
                    ["Parley", "Sent", "service", "parley-tests", {"id": "sent", "visible": False, "stat": "Sum"}],
                ],
                "annotations": {"horizontal": [{"label": "alarm", "value": 7}]},
            },
        }
        for number in (1, 2)
    ]
}
TIMES = [datetime(2026, 11, 28, 12, minute, tzinfo=UTC) for minute in (1, 0)]


def test_the_values_of_each_line_are_in_the_order_of_time() -> None:
    """Graphs may use the same ids; a problem of a line is shown in its place. Raised alarms come first.

    Only this stage's alarms and their changes are listed, not those of a stage whose name begins alike.
    """
    stage = deployed_stage(Observability={"DashboardName": "Parley-tests"})
    cloudwatch = stubbed(stage, "cloudwatch")
    cloudwatch.add_response(
        "get_dashboard", {"DashboardBody": json.dumps(BODY)}, {"DashboardName": "Parley-tests"}
    )
    metric = {
        "Namespace": "Parley",
        "MetricName": "Sent",
        "Dimensions": [{"Name": "service", "Value": "parley-tests"}],
    }
    queries = [
        query
        for prefix in ("g0_", "g1_")
        for query in (
            {
                "Id": f"{prefix}line0",
                "Label": "twice",
                "ReturnData": True,
                "Expression": f"IF({prefix}sent > 0, 2 * {prefix}sent, 0)",
                "Period": 60,
            },
            {
                "Id": f"{prefix}sent",
                "Label": "Sent",
                "ReturnData": False,
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
            },
        )
    ]
    results = [
        {"Id": "g0_line0", "Timestamps": TIMES, "Values": [4.0, 2.0]},
        {"Id": "g1_line0", "Messages": [{"Code": "Unsupported", "Value": "not today"}]},
    ]
    cloudwatch.add_response(
        "get_metric_data",
        {"MetricDataResults": results},
        {"MetricDataQueries": queries, "StartTime": ANY, "EndTime": ANY},
    )
    alarms = [
        {"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": TIMES[0]}
        for name, state in (
            ("Parley-tests-Observability-A-1", "OK"),
            ("Parley-tests-2-Observability-A-1", "ALARM"),
            ("Parley-tests-Unhealthy", "ALARM"),
            ("Parley-tests-2-Unhealthy", "ALARM"),
        )
    ]
    cloudwatch.add_response(
        "describe_alarms",
        {"MetricAlarms": alarms[:2], "CompositeAlarms": alarms[2:]},
        {"AlarmNamePrefix": "Parley-tests-", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
    )
    changes = [
        ("Parley-tests-Unhealthy", "OK", "ALARM"),
        ("Parley-tests-2-Unhealthy", "OK", "ALARM"),
        ("Parley-other-Unhealthy", "OK", "ALARM"),
        ("Parley-tests-Observability-A-1", "OK", "OK"),
    ]
    items = [
        {
            "AlarmName": name,
            "Timestamp": TIMES[0],
            "HistoryData": json.dumps(
                {"oldState": {"stateValue": before}, "newState": {"stateValue": after, "stateReason": "crossed"}}
            ),
        }
        for name, before, after in changes
    ]
    cloudwatch.add_response(
        "describe_alarm_history",
        {"AlarmHistoryItems": items},
        {
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "HistoryItemType": "StateUpdate",
            "StartDate": ANY,
            "EndDate": ANY,
            "ScanBy": "TimestampDescending",
        },
    )

    report = dashboard.read(stage, since_ms=0, until_ms=3_600_000)

    first, second = report.graphs
    (line,) = first.lines
    assert (line.label, line.values) == ("twice", [2.0, 4.0])
    assert line.times[0] < line.times[1]
    assert first.limits == {"alarm": 7.0}
    assert (second.lines[0].values, second.lines[0].problem) == ([], "not today")
    assert [(alarm.name, alarm.state) for alarm in report.alarms] == [
        ("Parley-tests-Unhealthy", "ALARM"),
        ("Parley-tests-Observability-A-1", "OK"),
    ]
    (change,) = report.transitions
    assert (change.name, change.before, change.after) == ("Parley-tests-Unhealthy", "OK", "ALARM")
    assert (change.at, change.reason) == ("2026-11-28T12:01:00.000Z", "crossed")
