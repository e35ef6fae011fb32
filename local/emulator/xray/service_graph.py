"""X-Ray's service graph (`GetServiceGraph`), computed from the segments of traces.

A service is a segment's name and origin. It calls another service if that one's segment has its parent there. It
also calls what X-Ray infers from a subsegment for a call to AWS that no other segment continues: a table, a queue,
an API. A segment without a parent is called by a client. Calls have response times only if the caller waited, as
on AWS. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-gettingdata.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Segment = dict[str, Any]
Key = tuple[str, str]
"""The name and the type of a service."""

CLIENT = "client"
CALLS = ("aws", "remote")
"""The namespaces of subsegments that are calls to another service."""
RESOURCES = (
    ("table_name", "AWS::DynamoDB::Table"),
    ("queue_url", "AWS::SQS::Queue"),
    ("function_name", "AWS::Lambda::Function"),
    ("topic_arn", "AWS::SNS::Topic"),
)
"""Fields of a subsegment's `aws` that name a resource, and its type."""


@dataclass
class Statistics:
    """The calls of a service, or from one to another."""

    total: int = 0
    ok: int = 0
    errors: int = 0
    throttles: int = 0
    faults: int = 0
    seconds: float = 0.0
    times: Counter[float] = field(default_factory=Counter)
    started: float = float("inf")
    ended: float = 0.0

    def add(self, call: Segment, timed: Segment | None) -> None:
        """Count a call. `timed` has its response time; None if the caller did not wait."""
        self.total += 1
        if call.get("fault"):
            self.faults += 1
        elif call.get("error") or call.get("throttle"):
            self.errors += 1
            self.throttles += bool(call.get("throttle"))
        else:
            self.ok += 1
        self.started = min(self.started, call["start_time"])
        self.ended = max(self.ended, call["end_time"])
        if timed is not None:
            seconds = max(0.0, timed["end_time"] - timed["start_time"])
            self.seconds += seconds
            self.times[float(f"{seconds:.3g}")] += 1

    def as_answer(self) -> dict[str, Any]:
        """The fields of a service and of an edge."""
        return {
            "StartTime": self.started,
            "EndTime": self.ended,
            "SummaryStatistics": {
                "OkCount": self.ok,
                "ErrorStatistics": {
                    "ThrottleCount": self.throttles,
                    "OtherCount": self.errors - self.throttles,
                    "TotalCount": self.errors,
                },
                "FaultStatistics": {"OtherCount": self.faults, "TotalCount": self.faults},
                "TotalCount": self.total,
                "TotalResponseTime": round(self.seconds, 6),
            },
            "ResponseTimeHistogram": [
                {"Value": seconds, "Count": count} for seconds, count in sorted(self.times.items())
            ],
        }


@dataclass
class _Graph:
    services: dict[Key, Statistics] = field(default_factory=dict)
    edges: dict[tuple[Key, Key], Statistics] = field(default_factory=dict)
    roots: set[Key] = field(default_factory=set)

    def add_call(self, caller: Key, called: Key, call: Segment, timed: Segment | None) -> None:
        self.services.setdefault(caller, Statistics())
        self.edges.setdefault((caller, called), Statistics()).add(call, timed)

    def add_service(self, called: Key, call: Segment) -> None:
        self.services.setdefault(called, Statistics()).add(call, call)


def services(traces: Iterable[list[Segment]]) -> list[dict[str, Any]]:
    """The services of traces, each with its edges, as `GetServiceGraph` returns them."""
    graph = _Graph()
    for segments in traces:
        _add_trace(graph, segments)
    numbers = {key: number for number, key in enumerate(graph.services)}
    return [
        {
            "ReferenceId": number,
            "Name": key[0],
            "Names": [key[0]],
            "Type": key[1],
            "State": "unknown" if key[1] == CLIENT else "active",
            "Root": key in graph.roots,
            "Edges": [
                {"ReferenceId": numbers[called], "Aliases": [], **statistics.as_answer()}
                for (caller, called), statistics in graph.edges.items()
                if caller == key
            ],
            **(graph.services[key].as_answer() if graph.services[key].total else {}),
        }
        for key, number in numbers.items()
    ]


def names(traces: Iterable[list[Segment]]) -> set[str]:
    """The names of the services of traces, without clients."""
    graph = _Graph()
    for segments in traces:
        _add_trace(graph, segments)
    return {name for name, kind in graph.services if kind != CLIENT}


def _add_trace(graph: _Graph, segments: list[Segment]) -> None:
    parts = {str(part["id"]): (part, parent) for part, parent in _parts(segments)}

    def service_of(part_id: str | None) -> Key | None:
        """The service of the segment that a part belongs to; None if the segment is missing."""
        seen: set[str] = set()
        while part_id in parts and part_id not in seen:
            seen.add(part_id)
            part, parent_id = parts[part_id]
            if part.get("type") != "subsegment":
                return _key(part)
            part_id = parent_id
        return None

    continued: set[str] = set()
    for part, parent_id in parts.values():
        if part.get("type") == "subsegment" or "end_time" not in part:
            continue
        graph.add_service(_key(part), part)
        caller = service_of(parent_id)
        if caller is None:
            graph.roots.add(_key(part))
            graph.add_call((_key(part)[0], CLIENT), _key(part), part, part)
        else:
            calling = parts[str(parent_id)][0]
            continued.add(str(parent_id))
            waited = calling.get("end_time", 0.0) >= part["end_time"]
            graph.add_call(caller, _key(part), part, part if waited else None)
    for part_id, (part, parent_id) in parts.items():
        is_call = part.get("namespace") in CALLS and "end_time" in part
        caller = service_of(parent_id) if is_call else None
        if caller is not None and part_id not in continued:
            called = _inferred(part)
            graph.add_service(called, part)
            graph.add_call(caller, called, part, part)


def _parts(segments: Iterable[Segment]) -> Iterator[tuple[Segment, str | None]]:
    """Segments and subsegments with the ids of their parents. A finished part that was sent twice comes last."""
    for segment in sorted(segments, key=lambda segment: "end_time" in segment):
        yield segment, segment.get("parent_id")
        yield from _inner(segment)


def _inner(segment: Segment) -> Iterator[tuple[Segment, str | None]]:
    for part in segment.get("subsegments") or []:
        yield {**part, "type": "subsegment"}, str(segment["id"])
        yield from _inner(part)


def _key(segment: Segment) -> Key:
    return str(segment.get("name", "")), str(segment.get("origin") or "remote")


def _inferred(part: Segment) -> Key:
    """The service that a call is to, by the resource that it names, or by its own name."""
    resource = part.get("aws") or {}
    for field_name, kind in RESOURCES:
        if resource.get(field_name):
            return str(resource[field_name]).rpartition("/")[2].rpartition(":")[2], kind
    name = str(part.get("name", ""))
    return name, f"AWS::{name}" if part.get("namespace") == "aws" else "remote"
