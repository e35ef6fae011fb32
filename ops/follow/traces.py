"""Read traces from X-Ray's API, which the local stage has too, as trees of segments."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from functions.contract.model import timestamp
from ops import times
from ops.models import Segment, Trace
from ops.stage import search_terms
from ops.stage.stage import Stage

TRACES_PER_CALL = 5
SIX_HOURS_MS = 6 * 3_600_000
"""X-Ray answers for at most six hours."""


def walk(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments and all below them, parents before children."""
    for segment in segments:
        yield segment
        yield from walk(segment.children)


def tree(trace_id: str, documents: Iterable[dict[str, Any]]) -> Trace:
    """Build the tree of a trace from its segment documents. A segment whose parent is missing is a root."""
    segments: dict[str, Segment] = {}
    for document in documents:
        _collect(document, None, segments)
    roots: list[Segment] = []
    for segment in segments.values():
        parent = segments.get(segment.parent_id or "")
        if parent is None or parent is segment:
            roots.append(segment)
        else:
            parent.children.append(segment)
            segment.caught = segment.failed and not parent.failed
    start = min((root.start for root in roots), default=0.0)
    end = max((segment.end or segment.start for segment in segments.values()), default=0.0)
    for segment in segments.values():
        segment.children.sort(key=lambda child: child.start)
        segment.offset_ms = _ms(segment.start - start)
    return Trace(
        trace_id=trace_id,
        started_at=timestamp(int(start * 1000)),
        duration_ms=_ms(end - start),
        connected=len(roots) == 1 and roots[0].parent_id is None,
        segments=sorted(roots, key=lambda root: root.start),
    )


def _collect(document: dict[str, Any], parent_id: str | None, segments: dict[str, Segment]) -> None:
    segment_id = str(document["id"])
    # The SDK sends a subsegment alone, and sometimes also within its parent: keep the finished one.
    if segment_id in segments and "end_time" not in document:
        return
    segments[segment_id] = Segment(
        id=segment_id,
        name=str(document.get("name", "")),
        origin=document.get("origin"),
        kind="subsegment" if parent_id is not None or document.get("type") == "subsegment" else "segment",
        start=float(document["start_time"]),
        end=float(document["end_time"]) if "end_time" in document else None,
        duration_ms=_ms(document["end_time"] - document["start_time"]) if "end_time" in document else None,
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
    """Traces by id, in the order of the ids; ids that X-Ray does not hold are left out."""
    unique, paginator = list(dict.fromkeys(trace_ids)), stage.client("xray").get_paginator("batch_get_traces")
    found: dict[str, Trace] = {}
    for start in range(0, len(unique), TRACES_PER_CALL):
        for page in paginator.paginate(TraceIds=unique[start : start + TRACES_PER_CALL]):
            for trace in page["Traces"]:
                documents = [json.loads(segment["Document"]) for segment in trace["Segments"]]
                found[trace["Id"]] = tree(trace["Id"], documents)
    return [found[trace_id] for trace_id in unique if trace_id in found]


def annotated(stage: Stage, key: str, value: str, *, since_ms: int, until_ms: int) -> list[str]:
    """The ids of the traces with an annotation, oldest first. X-Ray searches at most six hours per request.

    Raises BadRequestError for a value that no annotation has.
    """
    search_terms.require_quotable(value)
    paginator = stage.client("xray").get_paginator("get_trace_summaries")
    started: dict[str, float] = {}
    for start in range(since_ms, until_ms, SIX_HOURS_MS):
        pages = paginator.paginate(
            StartTime=times.as_datetime(start),
            EndTime=times.as_datetime(min(start + SIX_HOURS_MS, until_ms)),
            FilterExpression=f'annotation.{key} = "{value}"',
        )
        for page in pages:
            for summary in page["TraceSummaries"]:
                started[summary["Id"]] = _epoch(summary.get("StartTime"))
    return sorted(started, key=lambda trace_id: (started[trace_id], trace_id))


def _epoch(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else 0.0


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
