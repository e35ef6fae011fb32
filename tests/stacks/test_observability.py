"""Dashboard, alarms and queries exist and refer to the metrics and logs of the functions."""

import json
import re
from typing import Any

from tests.stacks.conftest import ROOT, Synthesised, named


def dashboard(stage: Synthesised) -> dict[str, Any]:
    (found,) = stage.resources("AWS::CloudWatch::Dashboard").values()
    body: dict[str, Any] = json.loads(named(found["Properties"]["DashboardBody"]))
    return body


def metrics(stage: Synthesised) -> list[list[Any]]:
    """Every metric on the dashboard."""
    widgets = dashboard(stage)["widgets"]
    return [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]


def test_the_dashboard_shows_the_metrics_of_the_functions(stage: Synthesised) -> None:
    """A renamed metric must not leave an empty graph."""
    drawn = {metric[1] for metric in metrics(stage) if metric[0] == "Parley"}
    sources = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))
    counted = set(re.findall(r'observability\.(?:count|duration)\(\s*"(\w+)"', sources))
    assert drawn == counted
    assert {metric[3] for metric in metrics(stage) if metric[0] == "Parley"} == {f"parley-{stage.stage}"}


def test_the_dashboard_shows_every_part(stage: Synthesised) -> None:
    """Connections and messages, queues and their age, the workflow, dead letters, the API."""
    drawn = {(metric[0], metric[1]) for metric in metrics(stage)}
    assert {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/States", "ExecutionsStarted"),
        ("AWS/States", "ExecutionsFailed"),
        ("AWS/States", "ExecutionTime"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/Lambda", "Errors"),
    } <= drawn
    latencies = [metric[-1]["stat"] for metric in metrics(stage) if metric[1] == "DeliveryLatency"]
    assert latencies == ["p50", "p95"]


def test_an_alarm_watches_every_dead_letter_queue_and_the_workflow(stage: Synthesised) -> None:
    """An operator is alarmed by every dead letter and every failed run."""
    alarms = [alarm["Properties"] for alarm in stage.resources("AWS::CloudWatch::Alarm").values()]
    queues = {key for key in stage.resources("AWS::SQS::Queue") if "DeadLetters" in key}
    watched = {
        named(dimension["Value"])
        for alarm in alarms
        if alarm.get("Namespace") == "AWS/SQS"
        for dimension in alarm["Dimensions"]
    }
    assert len(watched) == len(queues) == 3
    assert {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "AWS/States"} == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
    }
    assert all(alarm["TreatMissingData"] == "notBreaching" for alarm in alarms)


def test_traces_of_a_stage_are_one_group(stage: Synthesised) -> None:
    """By the annotation that Powertools adds to every segment."""
    (group,) = stage.resources("AWS::XRay::Group").values()
    assert group["Properties"]["FilterExpression"] == f'annotation.Service = "parley-{stage.stage}"'


def test_saved_queries_have_log_groups(stage: Synthesised) -> None:
    """A query without log groups searches nothing."""
    queries = stage.resources("AWS::Logs::QueryDefinition").values()
    assert len(queries) >= 3
    for query in queries:
        assert query["Properties"]["LogGroupNames"]
        assert query["Properties"]["Name"].startswith(f"Parley-{stage.stage}/")
