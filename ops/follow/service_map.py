"""The services that traces went through, with the calls between them, and the traces of one service, from X-Ray.

X-Ray computes the graph of the stage's trace group (`GetServiceGraph`) from the recorded traces. Its response
times are a histogram, from which percentiles are read.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ops import times
from ops.errors import BadRequestError
from ops.follow.traces import SIX_HOURS_MS
from ops.models import CallStatistics, FoundTrace, FoundTraces, Service, ServiceCall, ServiceMap
from ops.stage.stage import Stage

MAX_TRACES = 100
MAX_SUMMARIES = 1_000
"""The most traces of a service that are looked through for the newest: X-Ray does not sort them."""
CLIENT = "client"


def read(stage: Stage, *, since_ms: int, until_ms: int) -> ServiceMap:
    """The services and their calls in a time of at most six hours. Raises BadRequestError."""
    if until_ms - since_ms > SIX_HOURS_MS:
        raise BadRequestError("X-Ray answers for at most six hours: choose a shorter time.")
    pages = (
        stage.client("xray")
        .get_paginator("get_service_graph")
        .paginate(
            StartTime=times.as_datetime(since_ms),
            EndTime=times.as_datetime(until_ms),
            GroupName=f"Parley-{stage.name}",
        )
    )
    found = [service for page in pages for service in page["Services"]]
    minutes = (until_ms - since_ms) / 60_000
    return ServiceMap(
        since=times.iso(since_ms),
        until=times.iso(until_ms),
        everything=stage.is_local,
        services=[_service(service, minutes) for service in found],
        calls=list(_calls(found, minutes)),
    )


def traces(stage: Stage, service: str, *, since_ms: int, until_ms: int) -> FoundTraces:
    """The newest traces that a service took part in. Raises BadRequestError."""
    if '"' in service or until_ms - since_ms > SIX_HOURS_MS:
        raise BadRequestError("X-Ray answers for a service's name and at most six hours.")
    pages = (
        stage.client("xray")
        .get_paginator("get_trace_summaries")
        .paginate(
            StartTime=times.as_datetime(since_ms),
            EndTime=times.as_datetime(until_ms),
            FilterExpression=f'service("{service}")',
            PaginationConfig={"MaxItems": MAX_SUMMARIES},
        )
    )
    summaries = [summary for page in pages for summary in page["TraceSummaries"]]
    newest = sorted(summaries, key=_started, reverse=True)
    return FoundTraces(
        items=[_found(summary) for summary in newest[:MAX_TRACES]], truncated=len(newest) > MAX_TRACES
    )


def _service(service: Mapping[str, Any], minutes: float) -> Service:
    return Service(
        id=service["ReferenceId"],
        name=service.get("Name", ""),
        type=service.get("Type", ""),
        is_client=service.get("Type") == CLIENT,
        statistics=_statistics(service, minutes),
    )


def _calls(services: Iterable[Mapping[str, Any]], minutes: float) -> Iterator[ServiceCall]:
    for service in services:
        for edge in service.get("Edges") or []:
            yield ServiceCall(
                from_=service["ReferenceId"], to=edge["ReferenceId"], statistics=_statistics(edge, minutes)
            )


def _statistics(of: Mapping[str, Any], minutes: float) -> CallStatistics:
    summary = of.get("SummaryStatistics") or {}
    errors, faults = summary.get("ErrorStatistics") or {}, summary.get("FaultStatistics") or {}
    total, histogram = summary.get("TotalCount", 0), of.get("ResponseTimeHistogram") or []
    return CallStatistics(
        calls=total,
        per_minute=round(total / minutes, 2) if minutes else 0.0,
        errors=errors.get("TotalCount", 0),
        throttles=errors.get("ThrottleCount", 0),
        faults=faults.get("TotalCount", 0),
        p50_ms=percentile(histogram, 50),
        p95_ms=percentile(histogram, 95),
    )


def percentile(histogram: Iterable[Mapping[str, Any]], percent: float) -> float | None:
    """A percentile, in milliseconds, of response times in seconds with their counts; None without any."""
    entries = sorted((float(entry["Value"]), int(entry["Count"])) for entry in histogram)
    total = sum(count for _, count in entries)
    passed = 0
    for value, count in entries:
        passed += count
        if passed >= total * percent / 100:
            return round(value * 1000, 3)
    return None


def _found(summary: Mapping[str, Any]) -> FoundTrace:
    return FoundTrace(
        trace_id=summary["Id"],
        started_at=times.iso(int(_started(summary) * 1000)),
        duration_ms=round(float(summary.get("Duration") or 0.0) * 1000, 3),
        failed=any(summary.get(flag) for flag in ("HasFault", "HasError", "HasThrottle")),
    )


def _started(summary: Mapping[str, Any]) -> float:
    """When a trace started. Older traces have it only in their id."""
    started = summary.get("StartTime")
    return started.timestamp() if isinstance(started, datetime) else float(int(summary["Id"].split("-")[1], 16))
