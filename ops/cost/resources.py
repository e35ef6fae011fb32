"""The resources of a stage, from its stacks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.stage.stage import STACKS, Stage

ALARM = "AWS::CloudWatch::Alarm"
MAX_ALARM_NAMES = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html"""


def at_rest(stage: Stage) -> Counter[str]:
    """The number of resources by type; of alarms, the number of metrics that they watch, by which they cost."""
    found = list(of_stage(stage))
    counts = Counter(kind for kind, _ in found)
    counts[ALARM] = sum(map(watched_metrics, _alarms(stage, [name for kind, name in found if kind == ALARM])))
    return counts


def watched_metrics(alarm: Mapping[str, Any]) -> int:
    """The number of metrics of an alarm, as CloudWatch or a template has it: those of its expression, or one."""
    return sum("MetricStat" in query for query in alarm.get("Metrics") or ()) or 1


def _alarms(stage: Stage, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    paginator = stage.client("cloudwatch").get_paginator("describe_alarms")
    for start in range(0, len(names), MAX_ALARM_NAMES):
        for page in paginator.paginate(AlarmNames=names[start : start + MAX_ALARM_NAMES]):
            yield from page["MetricAlarms"]


def of_stage(stage: Stage) -> Iterator[tuple[str, str]]:
    """The type and the physical id of each resource."""
    paginator = stage.client("cloudformation").get_paginator("list_stack_resources")
    for stack in STACKS:
        for page in paginator.paginate(StackName=f"Parley-{stage.name}-{stack}"):
            for resource in page["StackResourceSummaries"]:
                yield resource["ResourceType"], resource.get("PhysicalResourceId", "")


def log_groups(stage: Stage) -> list[str]:
    """The names of the log groups."""
    return [name for kind, name in of_stage(stage) if kind == "AWS::Logs::LogGroup"]
