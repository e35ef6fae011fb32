"""The values of a stage's deployed dashboard, and the states of its alarms."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ops.metrics import dashboard_body, metric_data
from ops.metrics.dashboard_body import Graph
from ops.models import AlarmTransition, DashboardAlarm, DashboardGraph, DashboardLine, DashboardReport
from ops.stage.stage import STACKS, Stage
from ops.times import as_datetime, iso

# The most points of a line. CloudWatch allows periods of whole minutes.
MAX_POINTS = 180
MAX_HISTORY = 1_000
"""The most changes of state that are read, of all alarms of the account and region: CloudWatch finds those of one
alarm, or of all."""
ALARM_TYPES = ["MetricAlarm", "CompositeAlarm"]
UNHEALTHY = "Unhealthy"
"""The end of the name of the alarm for the whole chat (stacks/observability.py)."""
STATE_ORDER = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}


def read(stage: Stage, *, since_ms: int, until_ms: int) -> DashboardReport:
    """Return the graphs with their values, the alarms, those in alarm first, and their changes in the time."""
    name = stage.output("Observability", "DashboardName")
    body = stage.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    period = period_of(since_ms, until_ms)
    graphs = dashboard_body.graphs(body)
    values = _values(stage, graphs, since_ms=since_ms, until_ms=until_ms, period=period)
    return DashboardReport(
        stage=stage.name,
        since=iso(since_ms),
        until=iso(until_ms),
        period_seconds=period,
        graphs=[_graph(graph, f"g{number}_", values) for number, graph in enumerate(graphs)],
        alarms=alarms(stage),
        transitions=list(transitions(stage, since_ms=since_ms, until_ms=until_ms)),
    )


def alarms(stage: Stage) -> list[DashboardAlarm]:
    """The alarms of a stage, those in alarm first, then by name."""
    is_of_stage = _of_stage(stage)
    pages = (
        stage.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=f"Parley-{stage.name}-", AlarmTypes=ALARM_TYPES)
    )
    found = [alarm for page in pages for alarm in (*page["MetricAlarms"], *page.get("CompositeAlarms", []))]
    states = [
        DashboardAlarm(
            name=alarm["AlarmName"],
            state=alarm["StateValue"],
            description=alarm.get("AlarmDescription", ""),
            reason=alarm.get("StateReason", ""),
            changed_at=_text(alarm.get("StateUpdatedTimestamp")),
        )
        for alarm in found
        if is_of_stage(alarm["AlarmName"])
    ]
    return sorted(states, key=lambda alarm: (STATE_ORDER.get(alarm.state, 1), alarm.name))


def transitions(stage: Stage, *, since_ms: int, until_ms: int) -> Iterator[AlarmTransition]:
    """The changes of state of the stage's alarms, the latest first. CloudWatch keeps them for 30 days."""
    is_of_stage = _of_stage(stage)
    pages = (
        stage.client("cloudwatch")
        .get_paginator("describe_alarm_history")
        .paginate(
            AlarmTypes=ALARM_TYPES,
            HistoryItemType="StateUpdate",
            StartDate=as_datetime(since_ms),
            EndDate=as_datetime(until_ms),
            ScanBy="TimestampDescending",
            PaginationConfig={"MaxItems": MAX_HISTORY},
        )
    )
    for item in (item for page in pages for item in page["AlarmHistoryItems"]):
        data = json.loads(item.get("HistoryData") or "{}")
        before, after = (data.get(part) or {} for part in ("oldState", "newState"))
        is_change = before.get("stateValue") != after.get("stateValue")
        if is_change and is_of_stage(str(item.get("AlarmName"))):
            yield AlarmTransition(
                name=item["AlarmName"],
                at=_text(item.get("Timestamp")),
                before=before.get("stateValue", ""),
                after=after.get("stateValue", ""),
                reason=after.get("stateReason", ""),
            )


def _of_stage(stage: Stage) -> Callable[[str], object]:
    """Whether an alarm is of this stage, by its name, which begins with that of its stack.

    `Parley-dev-` alone would also be the start of the names of a stage `dev-2`.
    """
    parts = "|".join((*STACKS, UNHEALTHY))
    return re.compile(f"Parley-{re.escape(stage.name)}-(?:{parts})(?:-|$)").match


def period_of(since_ms: int, until_ms: int) -> int:
    """The shortest period, in seconds, with which a line has at most MAX_POINTS."""
    minutes = max(1, -(-(until_ms - since_ms) // (60_000 * MAX_POINTS)))
    return int(minutes) * 60


def _graph(graph: Graph, prefix: str, values: Mapping[str, Mapping[str, Any]]) -> DashboardGraph:
    lines = []
    for query in graph.queries:
        if query.is_shown:
            result = values.get(f"{prefix}{query.id}", {})
            messages = [message["Value"] for message in result.get("Messages", [])]
            points = sorted(zip(result.get("Timestamps", []), result.get("Values", []), strict=True))
            lines.append(
                DashboardLine(
                    label=query.label,
                    times=[_text(time) for time, _ in points],
                    values=[float(value) for _, value in points],
                    problem=messages[0] if messages else None,
                )
            )
    limits = dict(graph.limits)
    return DashboardGraph(title=graph.title, when_red=graph.when_red, limits=limits, lines=lines)


def _values(
    stage: Stage, graphs: Sequence[Graph], *, since_ms: int, until_ms: int, period: int
) -> dict[str, Mapping[str, Any]]:
    """The result of each query, by its id."""
    found: dict[str, Mapping[str, Any]] = {}
    for queries in _requests(graphs, period):
        found |= metric_data.read(stage, queries, since_ms=since_ms, until_ms=until_ms)
    return found


def _requests(graphs: Sequence[Graph], period: int) -> Iterator[list[dict[str, Any]]]:
    """The queries of whole graphs, in as few requests as possible."""
    pending: list[dict[str, Any]] = []
    for number, graph in enumerate(graphs):
        prefix = f"g{number}_"
        names = {query.id for query in graph.queries}
        queries = [_with_prefix(query.as_request(prefix, period=period), names, prefix) for query in graph.queries]
        if len(pending) + len(queries) > metric_data.MAX_QUERIES:
            yield pending
            pending = []
        pending += queries
    if pending:
        yield pending


def _with_prefix(request: dict[str, Any], names: set[str], prefix: str) -> dict[str, Any]:
    """Let an expression refer to the ids of its graph in the request."""
    if "Expression" in request:
        for name in sorted(names, key=len, reverse=True):
            request["Expression"] = dashboard_body.rename(request["Expression"], name, f"{prefix}{name}")
    return request


def _text(value: Any) -> str:
    return iso(int(value.timestamp() * 1000)) if isinstance(value, datetime) else str(value or "")
