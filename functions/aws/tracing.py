"""X-Ray, behind one door: the SDK is in maintenance, so nothing outside this module may know it.

Responses and message texts never go into a trace.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Tracer

os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "true")
# Posts run in threads, which have no segment of their own; the batch has one subsegment instead.
os.environ.setdefault("AWS_XRAY_CONTEXT_MISSING", "IGNORE_ERROR")

_tracer = Tracer()

Handler = Callable[[dict[str, Any], Any], Any]


def traced(handler: Handler) -> Handler:
    """A handler in a subsegment of its own, without its response."""
    wrapped: Handler = _tracer.capture_lambda_handler(handler, capture_response=False)
    return wrapped


def annotate(**annotations: str | None) -> None:
    """Mark the current segment, so that one query on `messageId` finds a message's whole way."""
    for key, value in annotations.items():
        if value is not None:
            _tracer.put_annotation(key, value)


@contextmanager
def step(name: str, **annotations: str | None) -> Iterator[None]:
    """A subsegment named for what happens in it."""
    with _tracer.provider.in_subsegment(name=name) as subsegment:
        if subsegment is not None:
            for key, value in annotations.items():
                if value is not None:
                    subsegment.put_annotation(key, value)
        yield


def trace_header() -> str | None:
    """The header that the next hop continues from, `Root=…;Parent=…;Sampled=…`, if anything is traced."""
    return os.environ.get("_X_AMZN_TRACE_ID")
