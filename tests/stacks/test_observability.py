"""Dashboard, alarms and queries exist and refer to the metrics and logs of the functions."""

import ast
import json
import re
from typing import Any

from local.emulator.cloudwatch.metric_math import evaluate
from ops.metrics import dashboard_body
from tests.stacks.conftest import ROOT, Synthesised, named


def dashboard(stage: Synthesised) -> dict[str, Any]:
    (found,) = stage.resources("AWS::CloudWatch::Dashboard").values()
    body: dict[str, Any] = json.loads(named(found["Properties"]["DashboardBody"]))
    return body


def metrics(stage: Synthesised) -> list[list[Any]]:
    """Every metric on the dashboard."""
    widgets = dashboard(stage)["widgets"]
    found = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    return [metric for metric in found if len(metric) > 1]  # the others are expressions


# `add_metric` is Powertools' own, for a metric with other dimensions.
RECORDING = ("count", "duration", "add_metric")


def emitted() -> set[str]:
    """The names of the metrics that the functions count and record."""
    names: set[str] = set()
    for path in (ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in RECORDING:
                named = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
                names |= {
                    part.value
                    for part in ast.walk((*node.args, *named)[0])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value[:1].isupper()
                }
    return names - {"GET"}


def test_the_dashboard_shows_the_metrics_of_the_functions(stage: Synthesised) -> None:
    """Each metric that is emitted, and no other: a renamed metric must not leave an empty graph."""
    drawn = {metric[1] for metric in metrics(stage) if metric[0] == "Parley"}
    assert drawn == emitted()
    assert {metric[3] for metric in metrics(stage) if metric[0] == "Parley"} == {f"parley-{stage.stage}"}


# The metrics that AWS documents for the services in use.
DOCUMENTED = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    "AWS/States": {
        "ExecutionsStarted",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionTime",
    },
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    "AWS/Events": {"RetryInvocationAttempts"},
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {"Errors", "Duration", "Throttles", "ClaimedAccountConcurrency"},
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html
    "AWS/ApiGateway": {"4XXError", "5XXError", "Latency", "ClientError", "IntegrationError", "ExecutionError"},
}


def test_the_dashboard_shows_every_part(stage: Synthesised) -> None:
    """Queues, the workflow, functions and both APIs, by metrics that AWS documents."""
    drawn: dict[str, set[str]] = {}
    for metric in metrics(stage):
        if len(metric) > 1 and metric[0] != "Parley":
            drawn.setdefault(metric[0], set()).add(metric[1])
    assert drawn == DOCUMENTED
    for name in ("DeliveryLatency", "AcceptLatency", "WorkflowLatency", "PostLatency"):
        assert [metric[-1]["stat"] for metric in metrics(stage) if metric[1] == name] == ["p50", "p95", "p99"]


def test_every_graph_says_what_to_do_when_it_looks_wrong(stage: Synthesised) -> None:
    """In the text below it, as `parley dashboard` finds it."""
    graphs = dashboard_body.graphs(json.dumps(dashboard(stage)))
    assert len(graphs) >= 20
    for graph in graphs:
        assert len(graph.when_red) > 20, graph.title
        assert [query for query in graph.queries if query.is_shown], graph.title


def test_the_texts_name_what_exists(stage: Synthesised) -> None:
    """The saved queries by the names that CloudWatch lists, and the size of a full batch of status updates."""
    texts = " ".join(graph.when_red for graph in dashboard_body.graphs(json.dumps(dashboard(stage))))
    queries = stage.resources("AWS::Logs::QueryDefinition").values()
    saved = {query["Properties"]["Name"].removeprefix(f"Parley-{stage.stage}/") for query in queries}
    assert set(re.findall(r"saved query \*(.+?)\*", texts)) & saved == {"errors, latest first", "cold starts"}
    assert len(re.findall("saved query", texts)) == 2
    (mapping,) = stage.resources("AWS::Lambda::EventSourceMapping").values()
    assert f"batches of {mapping['Properties']['BatchSize']} " in texts


def test_the_emulator_evaluates_every_expression(prod: Synthesised) -> None:
    """Of the dashboard and of all alarms; its metric maths has only the functions that these use."""
    expressions = [
        query.expression for graph in dashboard_body.graphs(json.dumps(dashboard(prod))) for query in graph.queries
    ]
    for alarm in prod.resources("AWS::CloudWatch::Alarm").values():
        expressions += [query.get("Expression") for query in alarm["Properties"].get("Metrics", [])]
    found = [expression for expression in expressions if expression]
    assert len(found) > 10
    for expression in found:
        names = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
        assert evaluate(expression, {name: {0: 40.0, 60: 50.0} for name in names}, [0, 60])


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
