"""`parley health`: one call to CloudWatch for every number."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ops import times
from ops.check import vitals
from ops.models import Vitals
from tests.unit.ops.stages import deployed_stage, stubbed

NOW_MS = 1_795_000_000_000
QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/"
QUEUES = ("StatusQueueUrl", "ReplayQueueUrl", "DeliveryDeadLetterQueueUrl", "StatusDeadLetterQueueUrl",
          "ReplayDeadLetterQueueUrl")  # fmt: skip
VALUES = {
    "MessagesSent Sum": [3.0, 4.0], "MessagesDelivered Sum": [10.0], "DeliveryLatency p95": [80.0, 120.0],
    "ExecutionsStarted Sum": [7.0], "ExecutionsFailed Sum": [1.0], "ExecutionsTimedOut Sum": [1.0],
    "ApproximateAgeOfOldestMessage Maximum": [9.0, 30.0], "Invocations Sum": [5.0, 5.0], "Errors Sum": [2.0],
    "Throttles Sum": [1.0], "Duration p95": [11.0, 15.0], "Duration p100": [900.0, 12.0],
}  # fmt: skip
"""What CloudWatch has, newest minute first."""


def change(name: str, before: str, after: str, reason: str) -> dict[str, Any]:
    """A change of an alarm's state, as CloudWatch returns it."""
    states = {"oldState": {"stateValue": before}, "newState": {"stateValue": after, "stateReason": reason}}
    at = datetime.fromtimestamp(NOW_MS / 1000 - 120, UTC)
    return {"AlarmName": name, "Timestamp": at, "HistoryData": json.dumps(states)}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Vitals:
    """The vitals of a deployed stage with one function and one alarm."""
    stage = deployed_stage(Events={name: f"{QUEUE}{name}" for name in QUEUES})
    monkeypatch.setattr(times, "now", lambda: NOW_MS)
    monkeypatch.setattr(vitals, "function_names", lambda _stage: {"SendMessage": "Parley-tests-SendMessage"})
    answers: dict[str, Any] = {}

    def answer(params: dict[str, Any], **_: Any) -> None:
        statistics = {query["Id"]: query["MetricStat"] for query in params["MetricDataQueries"]}
        answers["MetricDataResults"] = [
            {"Id": number, "Values": VALUES.get(f"{one['Metric']['MetricName']} {one['Stat']}", [])}
            for number, one in statistics.items()
        ]

    stage.client("cloudwatch").meta.events.register("provide-client-params.cloudwatch.GetMetricData", answer)
    alarm = {"AlarmName": "Parley-tests-Delivery-A", "StateValue": "ALARM", "StateReason": "too many",
             "StateUpdatedTimestamp": datetime.fromtimestamp(NOW_MS / 1000 - 60, UTC)}  # fmt: skip
    calm = {**alarm, "AlarmName": "Parley-tests-Delivery-B", "StateValue": "OK"}
    changes = [
        change("Parley-tests-Delivery-B", "ALARM", "OK", "few"),
        change("Parley-tests-Delivery-B", "OK", "ALARM", "many"),
        change("Parley-tests-Delivery-A", "ALARM", "OK", "few"),
        # As every alarm of a new stage.
        change("Parley-tests-Delivery-C", "INSUFFICIENT_DATA", "OK", "none"),
    ]
    with stubbed(stage, "cloudwatch") as cloudwatch, stubbed(stage, "sqs") as sqs:
        cloudwatch.add_response("get_metric_data", answers)
        cloudwatch.add_response("describe_alarms", {"MetricAlarms": [calm, alarm]})
        cloudwatch.add_response("describe_alarm_history", {"AlarmHistoryItems": changes})
        for _ in QUEUES:
            depth = {"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
            sqs.add_response("get_queue_attributes", {"Attributes": depth})
        found = vitals.read(stage, minutes=15)
        cloudwatch.assert_no_pending_responses()
    return found


def test_counts_are_added_and_the_worst_minute_is_taken(read: Vitals):
    """Of an age, the latest minute; without messages there is no latency."""
    assert (read.messages_sent, read.messages_delivered, read.runs, read.runs_failed) == (7, 10, 7, 2)
    assert (read.latency_p50_ms, read.latency_p95_ms) == (None, 120.0)
    [function] = read.functions
    assert (function.calls, function.errors, function.throttles) == (10, 2, 1)
    assert (function.p95_ms, function.slowest_ms) == (15.0, 900.0)
    assert {(queue.waiting, queue.in_flight, queue.oldest_seconds) for queue in read.queues} == {(2, 1, 9)}
    assert len(read.queues) == 5


def test_alarms_that_are_raised_or_were_raised_within_a_day_are_shown(read: Vitals):
    """With the latest change; an alarm that was never raised is left out, also on the day of its creation."""
    assert [(alarm.name, alarm.state, alarm.reason) for alarm in read.alarms] == [
        ("Parley-tests-Delivery-A", "ALARM", "too many"),
        ("Parley-tests-Delivery-B", "OK", "few"),
    ]
