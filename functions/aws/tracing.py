"""X-Ray tracing. Only this module imports the X-Ray SDK, which is in maintenance mode.

Traces never contain responses or message texts.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar, cast

from aws_lambda_powertools import Tracer
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.lambda_launcher import LambdaContext
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.core.models.trace_header import TraceHeader
from aws_xray_sdk.core.streaming.default_streaming import DefaultStreaming
from aws_xray_sdk.ext import boto_utils

os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "true")
os.environ.setdefault("AWS_XRAY_CONTEXT_MISSING", "IGNORE_ERROR")

Annotation = str | float
Handler = Callable[[dict[str, Any], Any], Any]
Item = TypeVar("Item")
Result = TypeVar("Result")

# The percentage of traces outside the default sample of X-Ray that are kept too. Set by stacks/chat_function.py.
EXTRA_SAMPLE_VARIABLE = "PARLEY_TRACE_SAMPLE_PERCENT"
# A trace's id ends in 24 random hexadecimal digits; eight are enough for a percentage.
RANDOM_HEX_DIGITS = 8
MAX_BUFFER_SECONDS = 1.0
# A UDP datagram holds 64 kB; a subsegment takes about half a kilobyte.
MAX_BUFFERED_SUBSEGMENTS = 30


class _BufferedStreaming(DefaultStreaming):
    """Send the subsegments of an invocation in one datagram, or as they end if it runs long or has many of them.

    The SDK's default in Lambda is one datagram per subsegment. Subsegments that end after the first second are
    sent immediately, so that the trace of a function that times out shows how far it came.
    """

    def is_eligible(self, segment: Any) -> bool:
        """Whether the finished subsegments of the segment are sent now."""
        if not segment or not segment.sampled:
            return False
        parts = segment.subsegments
        if all(not part.in_progress for part in parts):
            return True
        is_long = time.time() - parts[0].start_time > MAX_BUFFER_SECONDS
        has_many: bool = super().is_eligible(segment)
        return is_long or has_many


class _InvocationContext(LambdaContext):
    """The current segment of an invocation, which begins when Lambda sets another trace header.

    The SDK compares only the ids of traces: the steps of a second invocation in the same trace would belong to the
    first one. It also parses the header each of the forty times that it asks for the segment.
    """

    _local: Any

    def get_trace_entity(self) -> Any:
        """Return the innermost step, or the segment."""
        self._refresh_context()
        known = self._local.__dict__
        steps = known.get("entities")
        return steps[-1] if steps else known["segment"]

    def _refresh_context(self) -> None:
        header, known = os.environ.get("_X_AMZN_TRACE_ID"), self._local.__dict__
        # A thread of a pool has the segment that `in_current_segment` gave it, and no header.
        if "segment" in known and known.get("header", header) == header:
            return
        known.clear()
        super()._refresh_context()  # type: ignore[misc] # the SDK's types leave it out
        known["header"] = header


# Only botocore: patching the other libraries that the SDK supports would import them and slow down cold starts.
_tracer = Tracer(patch_modules=("botocore",))
# Set after creating the tracer, which sets the threshold to send each subsegment separately.
xray_recorder.streaming = _BufferedStreaming(streaming_threshold=MAX_BUFFERED_SUBSEGMENTS)
if isinstance(xray_recorder.context, LambdaContext):
    xray_recorder.context = _InvocationContext()

_recorder: Any = xray_recorder
_record_call = _recorder.record_subsegment


def _record_sampled_call(
    wrapped: Callable[..., Result], instance: Any, args: Any, kwargs: Any, **subsegment: Any
) -> Result:
    """Call AWS in a subsegment if the trace is sampled. The SDK would do the same work for a trace that is not."""
    if not _recorder.is_sampled():
        return wrapped(*args, **kwargs)
    return cast(Result, _record_call(wrapped, instance, args, kwargs, **subsegment))


_recorder.record_subsegment = _record_sampled_call
# The SDK derives the few names of calls' parameters with two regular expressions each time.
_boto_utils: Any = boto_utils
_boto_utils.to_snake_case = cache(_boto_utils.to_snake_case)


def call_of_aws(
    client: Any, operation: str, request: dict[str, Any], call: Callable[[str, dict[str, Any]], Result]
) -> Result:
    """Call AWS without boto3, in a subsegment like that of a call of this client."""
    if _tracer.disabled:
        return call(operation, request)
    service = client.meta.service_model.endpoint_prefix
    recorded = {"name": service, "namespace": "aws", "meta_processor": _boto_utils.aws_meta_processor}
    return cast(Result, _recorder.record_subsegment(call, client, (operation, request), {}, **recorded))


def traced(handler: Handler) -> Handler:
    """Decorate a handler: run it in a subsegment, which does not contain its response."""
    wrapped: Handler = _tracer.capture_lambda_handler(handler, capture_response=False)
    return wrapped


def annotate(**annotations: Annotation | None) -> None:
    """Add the annotations that are not None to the current segment. X-Ray searches by them, as by `messageId`."""
    for key, value in annotations.items():
        if value is not None:
            _tracer.put_annotation(key, cast(Any, value))


@contextmanager
def step(name: str, **annotations: Annotation | None) -> Iterator[None]:
    """Run the block in a subsegment with this name and the annotations that are not None."""
    with _recorder.in_subsegment(name=name) as subsegment:
        if subsegment is not None:
            for key, value in annotations.items():
                if value is not None:
                    subsegment.put_annotation(key, cast(Any, value))
        yield


def in_current_segment(task: Callable[[Item], Result]) -> Callable[[Item], Result]:
    """Wrap a task so that its subsegments belong to the current one, in whichever thread it runs."""
    if _tracer.disabled:
        return task
    current = _recorder.get_trace_entity()

    def traced_task(item: Item) -> Result:
        _recorder.set_trace_entity(current)
        try:
            return task(item)
        finally:
            _recorder.clear_trace_entities()

    return traced_task


def trace_header() -> str | None:
    """Return the trace header for the next hop, `Root=…;Parent=…;Sampled=…`, or None if nothing is traced.

    The parent is the innermost step, so that the trace shows which step led to the next hop.
    """
    header = os.environ.get("_X_AMZN_TRACE_ID")
    if not header or _tracer.disabled:
        return header
    current = _recorder.current_subsegment()
    if current is None or not current.sampled:
        return _header_with_extra_sample(header)
    return f"Root={current.trace_id};Parent={current.id};Sampled=1"


def _header_with_extra_sample(header: str) -> str:
    """Mark the stage's extra share of unsampled traces as sampled, from the next hop on.

    Lambda decides which invocations are sampled, by a rate that cannot be configured; the services after it follow
    the header. Such a trace lacks the segment of the function that began it. The decision depends on the id of the
    trace alone, so it is the same for all events of one invocation.
    """
    percent = float(os.environ.get(EXTRA_SAMPLE_VARIABLE, "0"))
    parsed = _parse(header)
    if parsed is None or parsed.sampled or not parsed.parent:
        return header
    position = int(str(parsed.root)[-RANDOM_HEX_DIGITS:], 16) / 16**RANDOM_HEX_DIGITS
    if position * 100 >= percent:
        return header
    return f"Root={parsed.root};Parent={parsed.parent};Sampled=1"


def note_origin(header: str | None) -> None:
    """Annotate the event's trace id as `originTraceId` if AWS started a new trace for this invocation.

    A search then finds both traces: both are annotated with the event's ids.
    """
    origin, own = _parse(header), _parse(os.environ.get("_X_AMZN_TRACE_ID"))
    if origin and own and origin.root != own.root:
        annotate(originTraceId=origin.root)


def join(
    header: str | None, name: str, *, steps: list[tuple[str, float, float]], annotations: dict[str, str | None]
) -> None:
    """Add a segment of this function to the trace of `header`, with a subsegment per step.

    `steps` are (name, start, end), in seconds since the epoch. A batch from SQS has its own trace, which AWS only
    links to the traces of its records; with this segment, the trace of each record shows how it was processed.
    """
    origin, own = _parse(header), _parse(os.environ.get("_X_AMZN_TRACE_ID"))
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
    _recorder.emitter.send_entity(segment)


def _parse(header: str | None) -> TraceHeader | None:
    parsed = TraceHeader.from_header_str(header) if header else None
    return parsed if parsed is not None and parsed.root else None
