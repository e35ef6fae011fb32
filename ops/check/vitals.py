"""How a stage does: queues, rates, latency, errors and alarms of the last minutes.

The numbers are CloudWatch's: one GetMetricData call for all of them, at $0.01 per 1,000 metrics.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from functions.contract.model import timestamp
from ops import times
from ops.metrics import dashboard, metric_data
from ops.models import AlarmState, FunctionVitals, QueueVitals, Vitals
from ops.runs import dead_letters
from ops.stage.stage import STACKS, Stage

NAMESPACE = "Parley"
RECENT_ALARMS_MS = 86_400_000
QUEUES = {"status": "StatusQueueUrl", "replay": "ReplayQueueUrl"}
DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
LOGICAL_FUNCTION = re.compile(r"^(?P<name>\w+?)[0-9A-F]{8}$")


def read(stage: Stage, *, minutes: int) -> Vitals:
    """The vitals of the last minutes."""
    now_ms = times.now()
    since_ms = now_ms - minutes * 60_000
    source = _Metrics(stage, since_ms, now_ms)
    return Vitals(
        stage=stage.name,
        since=timestamp(since_ms),
        until=timestamp(now_ms),
        minutes=minutes,
        queues=list(_queues(stage, source)),
        messages_sent=source.total("MessagesSent"),
        messages_delivered=source.total("MessagesDelivered"),
        latency_p50_ms=source.latency(50),
        latency_p95_ms=source.latency(95),
        runs=source.runs,
        runs_failed=source.runs_failed,
        functions=source.functions(),
        alarms=list(_alarms(stage, now_ms)),
    )


def _queues(stage: Stage, source: "_Metrics") -> Iterator[QueueVitals]:
    urls = {name: stage.output("Events", output) for name, output in QUEUES.items()}
    urls |= {f"dead letters of {name}": dead_letters.url(stage, name) for name in dead_letters.QUEUES}
    for name, url in urls.items():
        attributes = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))
        waiting, in_flight = (int(attributes["Attributes"][depth]) for depth in DEPTHS)
        yield QueueVitals(name=name, waiting=waiting, in_flight=in_flight, oldest_seconds=source.age(url))


def _alarms(stage: Stage, now_ms: int) -> Iterator[AlarmState]:
    """The alarms that are raised, and then those that were raised within a day and are not any more."""
    raised = {alarm.name: alarm for alarm in dashboard.alarms(stage) if alarm.state == "ALARM"}
    for alarm in raised.values():
        yield AlarmState(name=alarm.name, state=alarm.state, since=alarm.changed_at, reason=alarm.reason)
    seen = set(raised)
    for change in dashboard.transitions(stage, since_ms=now_ms - RECENT_ALARMS_MS, until_ms=now_ms):
        if change.before == "ALARM" and change.name not in seen:
            seen.add(change.name)
            yield AlarmState(name=change.name, state=change.after, since=change.at, reason=change.reason)


def function_names(stage: Stage) -> dict[str, str]:
    """The functions of the stage: their names in the stacks, and those that CloudFormation chose."""
    names: dict[str, str] = {}
    paginator = stage.client("cloudformation").get_paginator("list_stack_resources")
    for stack in STACKS:
        for page in paginator.paginate(StackName=f"Parley-{stage.name}-{stack}"):
            for resource in page["StackResourceSummaries"]:
                name = LOGICAL_FUNCTION.match(resource["LogicalResourceId"])
                if resource["ResourceType"] == "AWS::Lambda::Function" and name:
                    names[name["name"]] = resource["PhysicalResourceId"]
    return names


_Query = tuple[str, str, str, dict[str, str], str]
"""A label, and a metric: namespace, name, dimensions, statistic."""


class _Metrics:
    """The numbers of one time range, minute by minute, in as few calls as possible.

    Counts are added up. Of a percentile, the worst minute is taken; of an age, the latest minute.
    """

    def __init__(self, stage: Stage, since_ms: int, until_ms: int) -> None:
        self._names = function_names(stage)
        machine = {"StateMachineArn": stage.output("Delivery", "DeliverStateMachineArn")}
        service = {"service": f"parley-{stage.name}"}
        queries: list[_Query] = [
            ("MessagesSent", NAMESPACE, "MessagesSent", service, "Sum"),
            ("MessagesDelivered", NAMESPACE, "MessagesDelivered", service, "Sum"),
            ("p50", NAMESPACE, "DeliveryLatency", service, "p50"),
            ("p95", NAMESPACE, "DeliveryLatency", service, "p95"),
            ("runs", "AWS/States", "ExecutionsStarted", machine, "Sum"),
            ("failed", "AWS/States", "ExecutionsFailed", machine, "Sum"),
            ("timedOut", "AWS/States", "ExecutionsTimedOut", machine, "Sum"),
        ]
        urls = [stage.output("Events", name) for name in (*QUEUES.values(), *dead_letters.QUEUES.values())]
        for url in urls:
            queue = {"QueueName": url.rpartition("/")[2]}
            queries.append((url, "AWS/SQS", "ApproximateAgeOfOldestMessage", queue, "Maximum"))
        for name, function in self._names.items():
            for label, metric, statistic in (
                ("Invocations", "Invocations", "Sum"), ("Errors", "Errors", "Sum"),
                ("Throttles", "Throttles", "Sum"), ("Duration", "Duration", "p95"),
                ("Slowest", "Duration", "p100"),
            ):  # fmt: skip
                of = {"FunctionName": function}
                queries.append((f"{name} {label}", "AWS/Lambda", metric, of, statistic))
        self._values = self._ask(stage, queries, since_ms, until_ms)
        self.runs = int(self._values.get("runs", 0))
        self.runs_failed = int(self._values.get("failed", 0) + self._values.get("timedOut", 0))

    def _ask(self, stage: Stage, queries: Sequence[_Query], since_ms: int, until_ms: int) -> dict[str, float]:
        kinds = {f"q{number}": (query[0], query[4]) for number, query in enumerate(queries)}
        request: list[dict[str, Any]] = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": metric,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                    },
                    "Period": 60,
                    "Stat": statistic,
                },
            }
            for number, (_, namespace, metric, dimensions, statistic) in enumerate(queries)
        ]
        results = metric_data.read(stage, request, since_ms=since_ms, until_ms=until_ms)
        combine = {"Sum": sum, "Maximum": lambda newest_first: newest_first[0]}
        return {
            kinds[key][0]: float(combine.get(kinds[key][1], max)(result["Values"]))
            for key, result in results.items()
            if result["Values"]
        }

    def total(self, metric: str) -> int:
        return int(self._values.get(metric, 0))

    def latency(self, percentile: int) -> float | None:
        return self._values.get(f"p{percentile}")

    def age(self, url: str) -> int | None:
        age = self._values.get(url)
        return None if age is None else int(age)

    def functions(self) -> list[FunctionVitals]:
        found = [
            FunctionVitals(
                name=name,
                calls=int(self._values.get(f"{name} Invocations", 0)),
                errors=int(self._values.get(f"{name} Errors", 0)),
                throttles=int(self._values.get(f"{name} Throttles", 0)),
                p95_ms=self._values.get(f"{name} Duration"),
                slowest_ms=self._values.get(f"{name} Slowest"),
            )
            for name in self._names
        ]
        called = [one for one in found if one.calls or one.throttles]
        return sorted(called, key=lambda one: (-one.errors - one.throttles, one.name))
