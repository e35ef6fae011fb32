"""The price of a load: as worked out by hand, and as counted in logs and traces."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ops.cost import alternatives, design, report, resources
from ops.cost.design import DEFAULT, PROD
from ops.cost.measured import BYTES_PER_LINE, Load, count_lines, operations
from ops.cost.prices import AT_REST, PRICES
from ops.cost.usage import plus, times, total, usage
from ops.stage.stage import STACKS
from tests.unit.ops.stages import deployed_stage, stubbed


def test_a_load_costs_what_it_costs_by_hand():
    """A day of a team of 200 in production: 50,000 messages to ten connected members each, and 8 hours connected.

    The amounts are worked out from the lists in docs/one-message.md and docs/limits.md, the prices are AWS's.
    """
    messages = {
        "the command, the ack and ten frames of each": 50_000 * 12 * 1.00 / 1e6,
        "an event": 50_000 * 1.00 / 1e6,
        # 900 bytes of event, and 62 bytes of text, sealed: 4 + 4 * 26.
        "the archive": 50_000 * 1_008 / 1e9 * 0.10,
        "a run": 50_000 * 1.00 / 1e6,
        # 120 ms of states, 20 ms for one page and 25 ms for one batch: 165 ms, charged as 200 ms of 64 MB.
        "the duration of runs": 50_000 * 0.2 * 64 / 1024 * 0.00001667,
        "send_message and post_to_connections": 50_000 * 2 * 0.20 / 1e6,
        # 25 ms each, with 1 GB.
        "their duration": 50_000 * 0.050 * 0.0000133334,
        # Admission 1, AssignSequence 1, PersistOnce 2 rows, twice each.
        "write units": 50_000 * 6 * 0.625 / 1e6,
        # FindOriginal, and FindRecipients: ten rows of 150 bytes.
        "read units": 50_000 * 2 * 0.125 / 1e6,
        # Two invocations of 1,200 bytes and ten connection ids of 20.
        "logs": 50_000 * 2_600 / 1e9 * 0.50,
        "traces, 5 %": 50_000 * 0.05 * 5.00 / 1e6,
        # 422 bytes to each of ten.
        "data to browsers": 50_000 * 4_220 / 1e9 * 0.09,
    }
    hours = 200 * 8
    sockets_opened = hours * 60 / 59
    sockets = {
        "minutes": hours * 60 * 0.25 / 1e6,
        "15 pings and pongs": hours * 30 * 1.00 / 1e6,
        "pongs of 20 bytes": hours * 15 * 20 / 1e9 * 0.09,
        # Every 59 minutes another socket: four requests, authorizer, connect and disconnect.
        "REST": sockets_opened * 4 * 3.50 / 1e6,
        "calls": sockets_opened * 7 * 0.20 / 1e6,
        "durations": sockets_opened * (4 * 0.030 + 3 * 0.020 / 2) * 0.0000133334,
        "writes": sockets_opened * 14 * 0.625 / 1e6,
        "reads": sockets_opened * 20 * 0.125 / 1e6,
        "events": sockets_opened * 2 * 1.00 / 1e6,
        "archive": sockets_opened * 1_400 / 1e9 * 0.10,
        "queue": sockets_opened * 6 * 0.40 / 1e6,
        "logs": sockets_opened * 8_400 / 1e9 * 0.50,
    }
    by_hand = sum(messages.values()) + sum(sockets.values())
    load = plus(times(design.message(10, PROD), 50_000), times(design.idle_hour(PROD), hours))
    assert round(total(load), 2) == round(Decimal(by_hand), 2) == Decimal("1.20")
    assert total(load) == pytest.approx(Decimal(by_hand), abs=Decimal("0.0001"))


def test_what_a_person_does_for_a_message_is_counted():
    """Four frames of typing, each posted to the nine others, and a read marker with its frame."""
    program, person = design.message(10, PROD), design.message(10, design.TYPED)
    more = {name: person[name] - program[name] for name in ("socket_messages", "events", "write_units")}
    assert more == {"socket_messages": 4 * (2 + 9) + 1, "events": 5, "write_units": 5}
    assert person["rest_requests"] == 1


@pytest.mark.parametrize(
    ("recipients", "invocations", "reads"),
    [(0, 1, 2), (1, 2, 2), (100, 2, 5), (101, 3, 5), (500, 6, 20), (501, 7, 21), (1_000, 11, 39)],
)
def test_recipients_are_counted_in_pages_and_batches(recipients: int, invocations: int, reads: int):
    """500 in a page, 100 in a batch, and a page is read also for none."""
    used = design.message(recipients)
    assert used["invocations"] == invocations
    assert used["read_units"] == reads
    assert used["socket_messages"] == 2 + recipients


def test_posting_to_all_costs_the_same_for_every_channel():
    """Parley's price depends on the channel, so it is never higher."""
    for recipients in (2, 10, 100):
        here, to_all = design.message(recipients), alternatives.posting_to_all(1_000)
        assert total(here) < total(to_all)
    assert total(design.message(1_000)) == total(alternatives.posting_to_all(1_000))


def test_appsync_is_charged_for_the_publish_and_each_recipient_in_steps_of_5_kb():
    """By its list price, without what Parley stores."""
    assert alternatives.appsync_message(10)["appsync_operations"] == 11
    longer = design.Assumptions(text_bytes=8_000)
    assert alternatives.appsync_message(10, longer)["appsync_operations"] == 22


def test_an_amount_without_a_price_is_refused():
    """A new resource needs a price in the table."""
    with pytest.raises(KeyError):
        usage(balloons=1)


def test_every_price_has_a_source():
    """On AWS's own pages."""
    for price in (*PRICES.values(), *AT_REST.values()):
        assert price.source.startswith("https://aws.amazon.com/")
        assert price.dollars > 0


def test_a_stage_at_rest_costs_what_exists():
    """Alarms with six metrics and a dashboard; a table costs by its size."""
    resources = {"AWS::CloudWatch::Alarm": 6, "AWS::CloudWatch::Dashboard": 1, "AWS::DynamoDB::Table": 11}
    found = report.report(resources)
    assert found.at_rest_month == pytest.approx(3.60)
    assert "AWS::DynamoDB::Table" not in found.at_rest


def test_alarms_cost_by_the_metrics_that_they_watch():
    """Those of their expressions; an alarm without an expression has one. CloudWatch returns them in pages."""
    stage = deployed_stage()
    kinds = {"Errors": "Alarm", "Share": "Alarm", "Any": "CompositeAlarm"}
    rows: list[Any] = [
        {"LogicalResourceId": name, "PhysicalResourceId": f"Parley-tests-{name}",
         "ResourceType": f"AWS::CloudWatch::{kind}", "ResourceStatus": "CREATE_COMPLETE",
         "LastUpdatedTimestamp": datetime(2026, 11, 28, tzinfo=UTC)}
        for name, kind in kinds.items()
    ]  # fmt: skip
    stat = {"MetricStat": {"Metric": {"Namespace": "Parley", "MetricName": "Sent"}, "Period": 60, "Stat": "Sum"}}
    share = [{"Id": "share", "Expression": "a / b"}, {"Id": "a", **stat}, {"Id": "b", **stat}]
    names = ["Parley-tests-Errors", "Parley-tests-Share"]
    with stubbed(stage, "cloudformation") as stacks, stubbed(stage, "cloudwatch") as cloudwatch:
        for number, stack in enumerate(STACKS):
            summaries = [] if number else rows
            stacks.add_response(
                "list_stack_resources",
                {"StackResourceSummaries": summaries},
                {"StackName": f"Parley-tests-{stack}"},
            )
        cloudwatch.add_response(
            "describe_alarms",
            {"MetricAlarms": [{"AlarmName": names[0], "MetricName": "Errors"}], "NextToken": "more"},
            {"AlarmNames": names},
        )
        cloudwatch.add_response(
            "describe_alarms",
            {"MetricAlarms": [{"AlarmName": names[1], "Metrics": share}]},
            {"AlarmNames": names, "NextToken": "more"},
        )
        found = resources.at_rest(stage)
    assert found == {"AWS::CloudWatch::Alarm": 3, "AWS::CloudWatch::CompositeAlarm": 1}
    assert report.rest_month(found) == Decimal("0.80")


@pytest.mark.parametrize(
    "line",
    [
        "REPORT RequestId: 1\tDuration: 20.10 ms\tBilled Duration: 21 ms\tMemory Size: 512 MB\t",
        json.dumps(
            {"type": "platform.report", "record": {"metrics": {"billedDurationMs": 21, "memorySizeMB": 512}}}
        ),
    ],
)
def test_invocations_and_bytes_are_counted_in_logs(line: str):
    """In the text and in the JSON format of logs; 26 bytes more for each line."""
    load = Load(recipients=1)
    count_lines(load, [line, "é", '{"type":"ExecutionStarted"}'])
    assert (load.invocations, load.runs) == (1, 1)
    assert load.gb_seconds == pytest.approx(0.021 / 2)
    assert load.log_bytes == len(line) + 2 + 27 + 3 * BYTES_PER_LINE


def test_calls_of_dynamodb_are_counted_in_traces():
    """At any depth of a segment."""
    call = {"name": "dynamodb", "aws": {"operation": "UpdateItem"}}
    document = {"name": "send_message", "subsegments": [{"name": "admit", "subsegments": [call]}, call]}
    assert list(operations(document)) == ["UpdateItem", "UpdateItem"]


def test_a_measured_load_is_priced_by_message():
    """The durations of a local stage are replaced by those of the design, because they are not those of AWS."""
    load = Load(
        recipients=10, message_ids=["m-1", "m-2"], frames=22, invocations=4, gb_seconds=100.0, runs=2, traced=1
    )
    load.calls.update(["UpdateItem"])
    here, there = load.per_message(is_local=True), load.per_message(is_local=False)
    assert [here[name] for name in ("socket_messages", "invocations", "write_units")] == [12, 2, 6]
    assert here["function_gb_seconds"] == design.message(10, DEFAULT)["function_gb_seconds"]
    assert there["function_gb_seconds"] == 50
