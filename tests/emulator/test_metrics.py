"""Metrics, metric maths and alarms, as in CloudWatch."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.emulator.conftest import Stack
from tests.waiting import wait_until

NAME = "tests-alarms"


def alarm(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            **properties,
        },
    }


def query(namespace: str, name: str, period: int, **dimensions: str) -> dict[str, Any]:
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": listed}
    return {"Metric": metric, "Period": period, "Stat": "Sum"}


TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": NAME}},
        "Waiting": alarm(
            AlarmName=f"{NAME}-waiting",
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}],
            Statistic="Maximum",
            Period=300,
        ),
        "Share": alarm(
            AlarmName=f"{NAME}-share",
            Metrics=[
                {"Id": "share", "Expression": "IF(calls >= 2, 100 * errors / calls, 0)"},
                {"Id": "errors", "ReturnData": False, "MetricStat": query("Tests", "Errors", 60)},
                {"Id": "calls", "ReturnData": False, "MetricStat": query("Tests", "Calls", 60)},
            ],
        ),
        "Any": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmName": f"{NAME}-any",
                "AlarmRule": {"Fn::Sub": 'ALARM("${Waiting}") OR ALARM("${Share}")'},
            },
        },
    }
}


@pytest.fixture(scope="module")
def alarms(stack: Stack) -> Iterator[None]:
    """A stack with a queue and three alarms, deleted at the end."""
    cloudformation = stack.client("cloudformation")
    cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps(TEMPLATE))

    def is_created() -> bool:
        status: str = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
        assert "ROLLBACK" not in status
        return status == "CREATE_COMPLETE"

    wait_until(is_created, "the alarms were created")
    yield
    cloudformation.delete_stack(StackName=NAME)
    wait_until(lambda: not states(stack), "the alarms were deleted")


def states(stack: Stack) -> dict[str, str]:
    """The states of the alarms, by the end of their names."""
    answer = stack.client("cloudwatch").describe_alarms(
        AlarmNamePrefix=f"{NAME}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return {alarm["AlarmName"].removeprefix(f"{NAME}-"): alarm["StateValue"] for alarm in found}


@pytest.fixture
def later(stack: Stack, alarms: None) -> None:
    """What other tests measured is over: no alarm looks at it."""
    address, body = f"{stack.emulator.url}/_parley/metrics", json.dumps({"age": 3600}).encode()
    httpx.post(address, content=body, trust_env=False).raise_for_status()


@pytest.mark.usefixtures("later")
def test_a_message_in_a_queue_raises_its_alarm_and_the_composite_one(stack: Stack):
    """The alarm with metric maths has no data, which does not raise it. The change is in the history."""
    assert states(stack) == {"waiting": "OK", "share": "OK", "any": "OK"}
    sqs = stack.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=NAME)["QueueUrl"], MessageBody="a dead letter")
    assert states(stack) == {"waiting": "ALARM", "share": "OK", "any": "ALARM"}
    history = stack.client("cloudwatch").describe_alarm_history(AlarmName=f"{NAME}-waiting")["AlarmHistoryItems"]
    assert "from OK to ALARM" in history[0]["HistorySummary"]


@pytest.mark.usefixtures("later")
def test_a_share_raises_an_alarm(stack: Stack):
    """Only when there are enough calls."""
    cloudwatch = stack.client("cloudwatch")
    for name, value in (("Errors", 1), ("Calls", 1)):
        cloudwatch.put_metric_data(Namespace="Tests", MetricData=[{"MetricName": name, "Value": value}])
    assert states(stack)["share"] == "OK"
    for name in ("Errors", "Calls") * 2:
        cloudwatch.put_metric_data(Namespace="Tests", MetricData=[{"MetricName": name, "Value": 5}])
    assert states(stack)["share"] == "ALARM"


def test_a_call_that_reserved_concurrency_refuses_is_counted_once(stack: Stack):
    """As a throttle, and not as an invocation."""
    functions, name = stack.client("lambda"), stack.outputs["Drain"]

    def total(metric: str) -> float:
        now = datetime.now(UTC)
        [answer] = stack.client("cloudwatch").get_metric_data(
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
            MetricDataQueries=[
                {"Id": "total", "MetricStat": query("AWS/Lambda", metric, 3600, FunctionName=name)}
            ],
        )["MetricDataResults"]
        return float(sum(answer["Values"]))

    before = total("Throttles"), total("Invocations")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(functions.exceptions.TooManyRequestsException) as refused:
            functions.invoke(FunctionName=name, Payload=b"{}")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    calls = 1 + refused.value.response["ResponseMetadata"]["RetryAttempts"]
    assert (total("Throttles"), total("Invocations")) == (before[0] + calls, before[1])


def test_an_invocation_is_counted_for_its_function(stack: Stack):
    """And an expression that is not emulated fails alone, with a message."""
    assert not stack.invoke("Drain", {"Records": []})["failed"]
    name = stack.outputs["Drain"]
    now = datetime.now(UTC)
    answer = stack.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        MetricDataQueries=[
            {"Id": "calls", "MetricStat": query("AWS/Lambda", "Invocations", 3600, FunctionName=name)},
            {"Id": "twice", "Expression": "calls * 2"},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(calls)"},
        ],
    )
    calls, twice, band = answer["MetricDataResults"]
    assert sum(calls["Values"]) >= 1
    assert sum(twice["Values"]) == 2 * sum(calls["Values"])
    assert (band["StatusCode"], band["Messages"][0]["Code"]) == ("InternalError", "Unsupported")
