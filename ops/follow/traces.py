"""Traces, from X-Ray's API (the local collector answers it too), as trees that can be drawn."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions.contract.model import timestamp
from ops.stage.stage import Stage

TRACES_PER_CALL = 5


@dataclass
class Segment:
    """A segment or subsegment, with what it led to."""

    id: str
    name: str
    origin: str | None
    is_subsegment: bool
    start: float
    end: float | None
    parent_id: str | None
    annotations: dict[str, Any]
    failed: bool
    error: str | None
    children: list["Segment"] = field(default_factory=list)
    caught: bool = False
    """It failed, and what it was part of went on: a condition that did not hold, a retry."""

    def walk(self) -> Iterator["Segment"]:
        """This one and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def as_json(self, trace_start: float) -> dict[str, Any]:
        """The form of `--json` and of the inspector."""
        return {
            "id": self.id,
            "name": self.name,
            "origin": self.origin,
            "kind": "subsegment" if self.is_subsegment else "segment",
            "offsetMs": _ms(self.start - trace_start),
            "durationMs": None if self.end is None else _ms(self.end - self.start),
            "annotations": self.annotations,
            "failed": self.failed,
            "caught": self.caught,
            "error": self.error,
            "children": [child.as_json(trace_start) for child in self.children],
        }


@dataclass
class Trace:
    """One trace: its roots, which is one if nothing is missing."""

    trace_id: str
    roots: list[Segment]
    orphans: int

    def walk(self) -> Iterator[Segment]:
        """Every segment, parents before children."""
        for root in self.roots:
            yield from root.walk()

    @property
    def is_connected(self) -> bool:
        """Whether every segment hangs on one root: no hop lost the header."""
        return len(self.roots) == 1 and self.orphans == 0

    @property
    def start(self) -> float:
        """When its first segment started."""
        return min((root.start for root in self.roots), default=0.0)

    @property
    def end(self) -> float:
        """When its last segment ended."""
        return max((segment.end or segment.start for segment in self.walk()), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """The form of `--json` and of the inspector."""
        return {
            "traceId": self.trace_id,
            "startedAt": timestamp(int(self.start * 1000)),
            "durationMs": _ms(self.end - self.start),
            "connected": self.is_connected,
            "segments": [root.as_json(self.start) for root in self.roots],
        }


def tree(trace_id: str, documents: Iterable[dict[str, Any]]) -> Trace:
    """Hang segments on their parents. Where a parent is missing the segment is a root, and an orphan."""
    segments: dict[str, Segment] = {}
    for document in documents:
        _collect(document, None, segments)
    roots, orphans = [], 0
    for segment in segments.values():
        parent = segments.get(segment.parent_id or "")
        if parent is not None and parent is not segment:
            parent.children.append(segment)
            segment.caught = segment.failed and not parent.failed
            continue
        roots.append(segment)
        orphans += segment.parent_id is not None
    for segment in segments.values():
        segment.children.sort(key=lambda child: child.start)
    return Trace(trace_id, sorted(roots, key=lambda root: root.start), orphans)


def _collect(document: dict[str, Any], parent_id: str | None, segments: dict[str, Segment]) -> None:
    segment_id = str(document["id"])
    # The SDK sends a subsegment by itself, and sometimes within its parent as well: the finished one counts.
    if segment_id in segments and "end_time" not in document:
        return
    segments[segment_id] = Segment(
        id=segment_id,
        name=str(document.get("name", "")),
        origin=document.get("origin"),
        is_subsegment=parent_id is not None or document.get("type") == "subsegment",
        start=float(document["start_time"]),
        end=float(document["end_time"]) if "end_time" in document else None,
        parent_id=document.get("parent_id") or parent_id,
        annotations=dict(document.get("annotations") or {}),
        failed=bool(document.get("fault") or document.get("error") or document.get("throttle")),
        error=_error(document.get("cause")),
    )
    for child in document.get("subsegments") or []:
        _collect(child, segment_id, segments)


def _error(cause: Any) -> str | None:
    exceptions = cause.get("exceptions") if isinstance(cause, dict) else None
    if not exceptions:
        return None
    return ": ".join(str(part) for part in (exceptions[0].get("type"), exceptions[0].get("message")) if part)


def by_id(stage: Stage, trace_ids: Iterable[str]) -> list[Trace]:
    """Traces by id, in that order; those that X-Ray does not hold are left out."""
    wanted = list(dict.fromkeys(trace_ids))
    found: dict[str, Trace] = {}
    for start in range(0, len(wanted), TRACES_PER_CALL):
        request: dict[str, Any] = {"TraceIds": wanted[start : start + TRACES_PER_CALL]}
        while True:
            page = stage.client("xray").batch_get_traces(**request)
            for trace in page["Traces"]:
                documents = [json.loads(segment["Document"]) for segment in trace["Segments"]]
                found[trace["Id"]] = tree(trace["Id"], documents)
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
    return [found[trace_id] for trace_id in wanted if trace_id in found]


def annotated(stage: Stage, key: str, value: str, *, since_ms: int, until_ms: int) -> list[str]:
    """The ids of the traces that carry an annotation, oldest first. X-Ray looks at six hours at once."""
    found: dict[str, float] = {}
    six_hours = 6 * 3_600_000
    start = since_ms
    while start < until_ms:
        end = min(start + six_hours, until_ms)
        request: dict[str, Any] = {
            "StartTime": datetime.fromtimestamp(start / 1000, UTC),
            "EndTime": datetime.fromtimestamp(end / 1000, UTC),
            "FilterExpression": f'annotation.{key} = "{value}"',
        }
        while True:
            page = stage.client("xray").get_trace_summaries(**request)
            for summary in page["TraceSummaries"]:
                found[summary["Id"]] = _epoch(summary.get("StartTime"))
            if not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
        start = end
    return sorted(found, key=lambda trace_id: (found[trace_id], trace_id))


def _epoch(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else 0.0


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
