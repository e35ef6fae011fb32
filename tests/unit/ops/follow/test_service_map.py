"""The service map is read from X-Ray's graph of the stage's traces."""

from datetime import UTC, datetime

import pytest
from botocore.stub import ANY

from ops.errors import BadRequestError
from ops.follow import service_map
from tests.unit.ops.stages import deployed_stage, stubbed

HOUR_MS = 3_600_000
SUMMARY = {
    "OkCount": 57,
    "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 1, "TotalCount": 2},
    "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
    "TotalCount": 60,
    "TotalResponseTime": 2.0,
}
TIMES = [{"Value": 0.4, "Count": 2}, {"Value": 0.02, "Count": 50}, {"Value": 0.1, "Count": 8}]


def test_services_have_rates_errors_and_percentiles() -> None:
    """The graph is that of the stage's trace group. A client has no statistics."""
    stage = deployed_stage()
    xray = stubbed(stage, "xray")
    services = [
        {
            "ReferenceId": 0,
            "Name": "send",
            "Type": "client",
            "Edges": [{"ReferenceId": 1, "SummaryStatistics": SUMMARY}],
        },
        {
            "ReferenceId": 1,
            "Name": "send",
            "Type": "AWS::Lambda::Function",
            "Edges": [],
            "SummaryStatistics": SUMMARY,
            "ResponseTimeHistogram": TIMES,
        },
    ]
    xray.add_response(
        "get_service_graph",
        {"Services": services},
        {"StartTime": ANY, "EndTime": ANY, "GroupName": "Parley-tests"},
    )

    found = service_map.read(stage, since_ms=0, until_ms=HOUR_MS)

    client, send = found.services
    assert (client.is_client, client.statistics.calls, client.statistics.p50_ms) == (True, 0, None)
    statistics = send.statistics
    assert (statistics.calls, statistics.per_minute) == (60, 1.0)
    assert (statistics.errors, statistics.throttles, statistics.faults) == (2, 1, 1)
    assert (statistics.p50_ms, statistics.p95_ms) == (20.0, 100.0)
    (call,) = found.calls
    assert (call.from_, call.to, call.statistics.calls, call.statistics.p50_ms) == (0, 1, 60, None)
    assert not found.everything


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 20.0), (87, 20.0), (88, 100.0), (93, 100.0), (94, 400.0), (100, 400.0)]
)
def test_a_percentile_is_read_from_the_histogram(percent: float, expected: float) -> None:
    """Of 62 calls, 54 took up to 20 ms, 4 up to 100 ms, and 4 up to 400 ms."""
    histogram = [{"Value": 0.4, "Count": 4}, {"Value": 0.02, "Count": 54}, {"Value": 0.1, "Count": 4}]
    assert service_map.percentile(histogram, percent) == expected


def test_the_newest_traces_of_a_service_come_first() -> None:
    """X-Ray does not sort them. A trace without a time of its start has it in its id."""
    stage = deployed_stage()
    xray = stubbed(stage, "xray")
    summaries = [
        {"Id": "1-60000000-000000000000000000000001", "Duration": 0.25},
        {
            "Id": "1-60000001-000000000000000000000002",
            "StartTime": datetime(2026, 11, 28, tzinfo=UTC),
            "Duration": 0.5,
            "HasFault": True,
        },
    ]
    expected = {"StartTime": ANY, "EndTime": ANY, "FilterExpression": 'service("send")'}
    xray.add_response("get_trace_summaries", {"TraceSummaries": summaries}, expected)

    found = service_map.traces(stage, "send", since_ms=0, until_ms=HOUR_MS)

    assert [(trace.trace_id[-1], trace.duration_ms, trace.failed) for trace in found.items] == [
        ("2", 500.0, True),
        ("1", 250.0, False),
    ]
    assert found.items[1].started_at.startswith("2021-01-14")


def test_x_ray_is_not_asked_for_more_than_it_answers() -> None:
    """A longer time, and a name that would end the filter, are refused before the call."""
    stage = deployed_stage()
    for service, hours in (("send", 7), ('a" OR fault OR "', 1)):
        with pytest.raises(BadRequestError):
            service_map.traces(stage, service, since_ms=0, until_ms=hours * HOUR_MS)
    with pytest.raises(BadRequestError, match="six hours"):
        service_map.read(stage, since_ms=0, until_ms=7 * HOUR_MS)
