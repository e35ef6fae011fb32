"""The metrics that the emulator takes from log lines and publishes for services."""

import asyncio
import json
from typing import Any

import pytest

from local.emulator.cloudwatch import embedded_metrics, metric_store, service_metrics
from tests.unit.local.emulator.cloudwatch.conftest import Store

LINE = {
    "_aws": {
        "Timestamp": 1_796_000_000_000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Parley",
                "Dimensions": [["service"]],
                "Metrics": [{"Name": "Sent", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}],
            }
        ],
    },
    "service": "parley-dev",
    "Sent": [1.0],
    "Latency": [12.5, 40],
}


def test_every_value_of_a_line_is_added(store: Store) -> None:
    """With the dimensions that the line names."""
    embedded_metrics.take(["START", json.dumps(LINE)])
    assert store.values("Parley", "Sent", service="parley-dev") == [1]
    assert store.values("Parley", "Latency", service="parley-dev") == [12.5, 40]


def test_a_line_that_is_not_in_the_format_is_ignored(store: Store) -> None:
    """A message may contain the mark, or a line may be cut."""
    embedded_metrics.take(
        [json.dumps(LINE)[:-20], '"CloudWatchMetrics"', json.dumps({"_aws": "CloudWatchMetrics"})]
    )
    assert store.names == set()


def test_the_newest_values_are_kept(store: Store) -> None:
    """An emulator may run for days."""
    for number in range(metric_store.KEPT_VALUES + 3):
        metric_store.add("Parley", "Sent", number)
    kept = store.values("Parley", "Sent")
    assert len(kept) == metric_store.KEPT_VALUES
    assert kept[0] == 3


def test_equal_values_of_a_minute_are_one_value_with_a_count(store: Store) -> None:
    """A busy stage adds thousands of ones. The next minute begins a new value."""
    for at in (0, 59, 60):
        metric_store.add("Parley", "Sent", 1, at=at)
    (points,) = store._metrics.values()
    assert [(point["Timestamp"], point["Count"]) for point in points] == [(0, 2), (60, 1)]


@pytest.mark.parametrize(("end", "starts"), [(120, [0, 60]), (120.5, [0, 60, 120]), (179, [0, 60, 120])])
def test_the_period_that_has_just_begun_is_one(end: float, starts: list[int]) -> None:
    """A value is in it at once: an alarm is not a second late because a minute begins."""
    assert metric_store.periods(0, end, 60) == starts


def test_a_gauge_is_added_once_a_minute_unless_it_changes(store: Store) -> None:
    """It is read whenever metrics are."""
    for value in (2, 2, 3, 2):
        metric_store.set_gauge("AWS/SQS", "Visible", value, unit="Count", dimensions={"QueueName": "q"})
    assert store.values("AWS/SQS", "Visible", QueueName="q") == [2, 3]


def test_an_invocation_counts_for_its_function_the_version_of_an_alias_and_the_account(store: Store) -> None:
    """A throttled one is neither an invocation nor an error."""
    service_metrics.function_started()
    service_metrics.function_ended(
        "send", version="2", aliases=["live"], duration_ms=7, failed=True, throttled=False
    )
    service_metrics.function_started()
    service_metrics.function_ended(
        "send", version="2", aliases=["live"], duration_ms=0, failed=False, throttled=True
    )
    by_alias = {"FunctionName": "send", "Resource": "send:live", "ExecutedVersion": "2"}
    for dimensions in ({"FunctionName": "send"}, {}, by_alias):
        assert store.values("AWS/Lambda", "Invocations", **dimensions) == [1]
        assert store.values("AWS/Lambda", "Errors", **dimensions) == [1]
        assert store.values("AWS/Lambda", "Duration", **dimensions) == [7]
        assert store.values("AWS/Lambda", "Throttles", **dimensions) == [0, 1]
    assert store.values("AWS/Lambda", "ClaimedAccountConcurrency") == [1]


def test_a_run_that_timed_out_is_not_a_failed_one(store: Store) -> None:
    """As Step Functions counts them."""
    service_metrics.execution_ended("arn", "TIMED_OUT", 300_000)
    assert store.values("AWS/States", "ExecutionsTimedOut", StateMachineArn="arn") == [1]
    assert store.values("AWS/States", "ExecutionsFailed", StateMachineArn="arn") == [0]


def test_a_frame_whose_integration_failed_is_counted(store: Store) -> None:
    """For the API stage."""
    service_metrics.integration_failed("a1", "socket")
    assert store.values("AWS/ApiGateway", "IntegrationError", ApiId="a1", Stage="socket") == [1]


def test_a_refused_handshake_is_counted(store: Store) -> None:
    """By its status. Calls of the management API are not requests of clients."""

    async def refuse(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 403})

    async def send(_message: dict[str, Any]) -> None:
        return None

    metrics = service_metrics.ApiMetrics(refuse)
    for path in ("/_aws/execute-api/a1/socket", "/_aws/execute-api/a1/socket/@connections/c1"):
        asyncio.run(metrics({"type": "websocket", "path": path}, None, send))  # type: ignore[arg-type]
    assert store.values("AWS/ApiGateway", "ClientError", ApiId="a1", Stage="socket") == [1]
    assert store.values("AWS/ApiGateway", "ConnectCount", ApiId="a1", Stage="socket") == [0]


def test_values_get_older(store: Store) -> None:
    """A test lets time pass for alarms. What comes afterwards is not counted among the older values."""
    metric_store.add("Parley", "Sent", 1, at=900)
    metric_store.age(600)
    metric_store.add("Parley", "Sent", 1, at=900)
    (points,) = store._metrics.values()
    assert [(point["Timestamp"], point["Count"]) for point in points] == [(300, 1), (900, 1)]
