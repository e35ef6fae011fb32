"""How a stage does: queues, rates, latency, errors and alarms of the last minutes.

On AWS the numbers are CloudWatch's: one GetMetricData call for all of them, at $0.01 per 1,000 metrics. On a local
stage they are counted in its logs.
"""

import json
import re
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from functions.contract.model import timestamp
from ops import times
from ops.metrics import metric_data
from ops.models import AlarmState, FunctionVitals, QueueVitals, Vitals
from ops.runs import dead_letters, function_logs
from ops.runs.run_log import RunLog
from ops.stage import logs
from ops.stage.stage import STACKS, Stage

NAMESPACE = "Parley"
MAX_RUNS = 10_000
RECENT_ALARMS_MS = 86_400_000
QUEUES = {"status": "StatusQueueUrl", "replay": "ReplayQueueUrl"}
DEPTHS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
LOGICAL_FUNCTION = re.compile(r"^(?P<name>\w+?)[0-9A-F]{8}$")
REPORT = re.compile(r"^REPORT .*?\bDuration: (?P<ms>[\d.]+) ms")
ERROR_TERMS = ('"level":"ERROR"', "[ERROR]", "Task timed out", "Runtime exited", "Status: timeout")


def read(stage: Stage, *, minutes: int) -> Vitals:
    """The vitals of the last minutes."""
    now_ms = times.now()
    since_ms = now_ms - minutes * 60_000
    source: _Source = _Logs(stage, since_ms, now_ms) if stage.is_local else _Metrics(stage, since_ms, now_ms)
    alarms = [] if stage.is_local else list(_alarms(stage, now_ms))
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
        alarms=alarms,
    )


def _queues(stage: Stage, source: "_Source") -> Iterator[QueueVitals]:
    urls = {name: stage.output("Events", output) for name, output in QUEUES.items()}
    urls |= {f"dead letters of {name}": dead_letters.url(stage, name) for name in dead_letters.QUEUES}
    for name, url in urls.items():
        attributes = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))
        waiting, in_flight = (int(attributes["Attributes"][depth]) for depth in DEPTHS)
        yield QueueVitals(name=name, waiting=waiting, in_flight=in_flight, oldest_seconds=source.age(url))


def _alarms(stage: Stage, now_ms: int) -> Iterator[AlarmState]:
    """The alarms that are on or changed within a day, latest first."""
    pages = (
        stage.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"Parley-{stage.name}-")
    )
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    for alarm in sorted(found, key=lambda alarm: alarm["StateUpdatedTimestamp"], reverse=True):
        changed_ms = int(alarm["StateUpdatedTimestamp"].timestamp() * 1000)
        if alarm["StateValue"] == "ALARM" or now_ms - changed_ms < RECENT_ALARMS_MS:
            yield AlarmState(
                name=alarm["AlarmName"],
                state=alarm["StateValue"],
                since=timestamp(changed_ms),
                reason=alarm.get("StateReason", ""),
            )


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


@dataclass
class _Counts:
    """What the log of one function has of the time."""

    durations: list[float] = field(default_factory=list)
    errors: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)


class _Source:
    """Numbers of one time range."""

    runs: int
    runs_failed: int

    def total(self, metric: str) -> int:
        """The sum of a metric that the functions record."""
        raise NotImplementedError

    def latency(self, percentile: int) -> float | None:
        """A percentile of the time from the ack to the post, in milliseconds; None without messages."""
        raise NotImplementedError

    def age(self, url: str) -> int | None:
        """The age of a queue's oldest message in seconds; None if it is not known."""
        raise NotImplementedError

    def functions(self) -> list[FunctionVitals]:
        """The functions that were called, those with errors first."""
        raise NotImplementedError


class _Logs(_Source):
    """Counts the lines of all logs."""

    def __init__(self, stage: Stage, since_ms: int, until_ms: int) -> None:
        found = function_logs.groups(stage)
        del found[function_logs.WORKFLOW]
        with ThreadPoolExecutor(max_workers=len(found) or 1, thread_name_prefix="logs") as pool:
            counts = pool.map(lambda group: _count(stage, group, since_ms, until_ms), found.values())
            self._counts = dict(zip(found, counts, strict=True))
        runs = RunLog(stage).newest(since_ms=since_ms, until_ms=until_ms, limit=MAX_RUNS)
        self.runs, self.runs_failed = len(runs), sum(run.status not in ("SUCCEEDED", "RUNNING") for run in runs)

    def _values(self, metric: str) -> list[float]:
        return [value for counts in self._counts.values() for value in counts.values.get(metric, ())]

    def total(self, metric: str) -> int:
        return int(sum(self._values(metric)))

    def latency(self, percentile: int) -> float | None:
        return _percentile(self._values("DeliveryLatency"), percentile)

    def age(self, url: str) -> int | None:
        return None

    def functions(self) -> list[FunctionVitals]:
        found = [
            FunctionVitals(
                name=name,
                calls=len(counts.durations),
                errors=counts.errors,
                throttles=None,
                p95_ms=_percentile(counts.durations, 95),
            )
            for name, counts in self._counts.items()
            if counts.durations or counts.errors
        ]
        return sorted(found, key=lambda one: (-one.errors, one.name))


def _count(stage: Stage, group: str, since_ms: int, until_ms: int) -> _Counts:
    counts = _Counts()
    for text in logs.lines(stage.client("logs"), group, since_ms=since_ms, until_ms=until_ms):
        report = REPORT.match(text)
        if report:
            counts.durations.append(float(report["ms"]))
        elif '"_aws"' in text:
            for name, values in json.loads(text).items():
                if isinstance(values, list) and values and isinstance(values[0], int | float):
                    counts.values.setdefault(name, []).extend(values)
        counts.errors += any(term in text for term in ERROR_TERMS)
    return counts


def _percentile(values: Sequence[float], percentile: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percentile - 1]


_Query = tuple[str, str, str, dict[str, str], str]
"""A label, and a metric: namespace, name, dimensions, statistic."""


class _Metrics(_Source):
    """Asks CloudWatch for every number in as few calls as possible, minute by minute.

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
            for metric, statistic in (
                ("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "p95"),
            ):  # fmt: skip
                of = {"FunctionName": function}
                queries.append((f"{name} {metric}", "AWS/Lambda", metric, of, statistic))
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
            )
            for name in self._names
        ]
        called = [one for one in found if one.calls or one.throttles]
        return sorted(called, key=lambda one: (-one.errors - (one.throttles or 0), one.name))
