"""X-Ray, behind one door: the SDK is in maintenance, so nothing outside this module may know it.

Responses and message texts never go into a trace.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from aws_lambda_powertools import Tracer
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.models.trace_header import TraceHeader

os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "true")
os.environ.setdefault("AWS_XRAY_CONTEXT_MISSING", "IGNORE_ERROR")

_tracer = Tracer()

Annotation = str | float
Handler = Callable[[dict[str, Any], Any], Any]


def traced(handler: Handler) -> Handler:
    """A handler in a subsegment of its own, without its response."""
    wrapped: Handler = _tracer.capture_lambda_handler(handler, capture_response=False)
    return wrapped


def annotate(**annotations: Annotation | None) -> None:
    """Mark the current segment, so that one query on `messageId` finds a message's whole way."""
    for key, value in annotations.items():
        if value is not None:
            _tracer.put_annotation(key, cast(Any, value))


@contextmanager
def step(name: str, **annotations: Annotation | None) -> Iterator[None]:
    """A subsegment named for what happens in it."""
    with _tracer.provider.in_subsegment(name=name) as subsegment:
        if subsegment is not None:
            for key, value in annotations.items():
                if value is not None:
                    subsegment.put_annotation(key, cast(Any, value))
        yield


@contextmanager
def unrecorded() -> Iterator[None]:
    """What happens in here leaves no segments: one of many, side by side, of which `step` tells the sum."""
    if _tracer.disabled:
        yield
        return
    recorder: Any = _tracer.provider
    recorder.begin_subsegment_without_sampling("one of many")
    try:
        yield
    finally:
        recorder.end_subsegment()


def trace_header() -> str | None:
    """The header that the next hop continues from, `Root=…;Parent=…;Sampled=…`, if anything is traced.

    The next hop becomes a child of the innermost step, so that a trace shows what led to what.
    """
    given = os.environ.get("_X_AMZN_TRACE_ID")
    if not given or _tracer.disabled:
        return given
    recorder: Any = _tracer.provider
    current = recorder.current_subsegment()
    if current is None or not current.sampled:
        return given
    return f"Root={current.trace_id};Parent={current.id};Sampled=1"


def note_origin(header: str | None) -> None:
    """Where AWS began a new trace on the way here, note the one that the event came from.

    The two are found together then: both carry the event's ids, and this one the other's.
    """
    origin, own = _parsed(header), _parsed(os.environ.get("_X_AMZN_TRACE_ID"))
    if origin and own and origin.root != own.root:
        annotate(originTraceId=origin.root)


def join(
    header: str | None,
    name: str,
    *,
    steps: list[tuple[str, float, float]],
    annotations: dict[str, str | None],
) -> None:
    """Tell another trace that this function continued it: a segment, with steps of (name, start, end) in seconds.

    A batch from a queue has a trace of its own, though its records come from many. AWS only links those; with
    this each of them shows what became of its record.
    """
    origin, own = _parsed(header), _parsed(os.environ.get("_X_AMZN_TRACE_ID"))
    if _tracer.disabled or origin is None or not origin.sampled or not steps:
        return
    segment = Segment(name, traceid=origin.root, parent_id=origin.parent)
    segment.start_time = min(start for _, start, _ in steps)
    for key, value in annotations.items():
        if value is not None:
            segment.put_annotation(key, value)
    segment.put_annotation("Service", str(_tracer.service))
    if own and own.root != origin.root:
        segment.put_annotation("batchTraceId", str(own.root))
    for step_name, start, end in steps:
        subsegment = Subsegment(step_name, "local", segment)
        segment.add_subsegment(subsegment)
        subsegment.start_time = start
        subsegment.close(end)
    segment.close(max(end for _, _, end in steps))
    recorder: Any = _tracer.provider
    recorder.emitter.send_entity(segment)


def _parsed(header: str | None) -> TraceHeader | None:
    parsed = TraceHeader.from_header_str(header) if header else None
    return parsed if parsed is not None and parsed.root else None
