"""X-Ray, behind one door: the SDK is in maintenance, so nothing outside this module may know it.

Responses and message texts never go into a trace.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from aws_lambda_powertools import Tracer
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.models.trace_header import TraceHeader
from aws_xray_sdk.core.streaming.default_streaming import DefaultStreaming

os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "true")
os.environ.setdefault("AWS_XRAY_CONTEXT_MISSING", "IGNORE_ERROR")

Annotation = str | float
Handler = Callable[[dict[str, Any], Any], Any]
AwsClient = TypeVar("AwsClient")
Item = TypeVar("Item")
Result = TypeVar("Result")

TOGETHER_SECONDS = 1.0
# A datagram holds 64 kB, a subsegment takes about half of one.
TOGETHER_SUBSEGMENTS = 30


class _Together(DefaultStreaming):
    """When subsegments are sent: those of an invocation in one datagram, as they end if it is long or has many.

    The SDK's own way in Lambda is a datagram for each. A function that is stopped because it takes too long still
    tells how far it came after its first second.
    """

    def is_eligible(self, segment: Any) -> bool:
        if not segment or not segment.sampled:
            return False
        parts = segment.subsegments
        if all(not part.in_progress for part in parts):
            return True
        is_long = time.time() - parts[0].start_time > TOGETHER_SECONDS
        has_many: bool = super().is_eligible(segment)
        return is_long or has_many


# The other libraries that the SDK knows are not used here, and importing them makes cold starts longer.
_tracer = Tracer(patch_modules=("botocore",))
# After the tracer, which sets a threshold of its own: every subsegment alone.
xray_recorder.streaming = _Together(streaming_threshold=TOGETHER_SUBSEGMENTS)


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


def untraced(client: AwsClient) -> AwsClient:
    """The client, whose calls leave no subsegments from now on: one of many, of which a `step` tells the sum."""
    traced_call: Any = getattr(type(client), "_make_api_call", None)
    # What the SDK wrapped, if it did.
    call = getattr(traced_call, "__wrapped__", None)
    if call is not None:
        cast(Any, client)._make_api_call = call.__get__(client)
    return client


def carried(task: Callable[[Item], Result]) -> Callable[[Item], Result]:
    """The task as part of the step that is under way here, whichever thread runs it."""
    if _tracer.disabled:
        return task
    recorder: Any = _tracer.provider
    under_way = recorder.get_trace_entity()

    def carried_task(item: Item) -> Result:
        recorder.set_trace_entity(under_way)
        try:
            return task(item)
        finally:
            recorder.clear_trace_entities()

    return carried_task


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
