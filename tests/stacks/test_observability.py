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
        if alarm.get("Namespace") == "AWS/SQS" and alarm["MetricName"] != "ApproximateAgeOfOldestMessage"
        for dimension in alarm["Dimensions"]
    }
    assert len(watched) == len(queues) == 3
    assert {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "AWS/States"} >= {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
    }


def test_an_alarm_watches_the_age_of_status_updates(stage: Synthesised) -> None:
    """Updates that wait make no dead letter. A batch that is received again must not raise it."""
    (alarm,) = (
        alarm["Properties"]
        for alarm in stage.resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == "ApproximateAgeOfOldestMessage"
    )
    (dimension,) = alarm["Dimensions"]
    assert "StatusDeadLetters" not in named(dimension["Value"])
    assert "Status" in named(dimension["Value"])
    assert 180 < alarm["Threshold"] <= 900


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


def test_no_graph_or_alarm_uses_a_metric_of_one_method(stage: Synthesised) -> None:
    """Those are the detailed metrics of the REST API, which are off."""
    drawn = [metric for metric in metrics(stage) if metric[0] == "AWS/ApiGateway"]
    assert drawn
    assert not any("Method" in metric or "Resource" in metric for metric in drawn)
    for alarm in stage.resources("AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"].get("Namespace") != "AWS/ApiGateway"


def test_a_stage_has_no_budget_and_no_sampling_rule_unless_it_asks_for_them(stage: Synthesised) -> None:
    """They need an address, and a decision about costs."""
    kinds = {resource["Type"] for _, resource in stage.all_resources()}
    assert not kinds & {"AWS::Budgets::Budget", "AWS::XRay::SamplingRule"}


def test_a_budget_counts_what_has_the_tag_of_the_stage(full: Synthesised) -> None:
    """And sends an e-mail at 80 %, at 100 % and when 100 % is forecast."""
    (budget,) = full.resources("AWS::Budgets::Budget").values()
    data = budget["Properties"]["Budget"]
    assert data["CostFilters"] == {"TagKeyValue": ["user:parley:stage$full"]}
    assert (data["BudgetType"], data["TimeUnit"]) == ("COST", "MONTHLY")
    assert data["BudgetLimit"] == {"Amount": 20, "Unit": "USD"}
    alerts = []
    for each in budget["Properties"]["NotificationsWithSubscribers"]:
        assert {"SubscriptionType": "EMAIL", "Address": "owner@example.com"} in each["Subscribers"]
        alerts.append((each["Notification"]["NotificationType"], each["Notification"]["Threshold"]))
    assert alerts == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    # The tag of the filter is on the resources.
    (machine,) = full.resources("AWS::StepFunctions::StateMachine").values()
    assert {"Key": "parley:stage", "Value": "full"} in machine["Properties"]["Tags"]


def test_sampling_rules_are_for_the_services_of_the_stage_alone(full: Synthesised) -> None:
    """X-Ray's rules are shared by everything in the account and region."""
    rules = [rule["Properties"]["SamplingRule"] for rule in full.resources("AWS::XRay::SamplingRule").values()]
    (api,) = full.resources("AWS::ApiGateway::RestApi").values()
    (rest_stage,) = full.resources("AWS::ApiGateway::Stage").values()
    rest_service = f"{api['Properties']['Name']}/{rest_stage['Properties']['StageName']}"
    services = {rule["ServiceType"]: named(rule["ServiceName"]) for rule in rules}
    assert services["AWS::ApiGateway::Stage"] == rest_service
    assert re.fullmatch(
        r"<Parley-full-Delivery\.\w*Deliver\w*Name\w*>", services["AWS::StepFunctions::StateMachine"]
    )
    for rule in rules:
        assert (rule["FixedRate"], rule["ReservoirSize"]) == (0.5, 1)
        assert rule["Priority"] < 10_000
        assert len(rule["RuleName"]) <= 32
