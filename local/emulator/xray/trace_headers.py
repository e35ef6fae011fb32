"""Carry X-Ray trace headers through the emulator, as AWS's services do.

On AWS, a request's `X-Amzn-Trace-Id` reaches the called service, EventBridge passes an entry's `TraceHeader` on to
its targets (an SQS message's `AWSTraceHeader`, the execution of a state machine), and Lambda gives every
invocation a `_X_AMZN_TRACE_ID` whose parent is the function's own segment. MiniStack starts a new trace for most
of these steps, or none. This addition holds the current header in a context variable; code that starts a thread
copies the context.
"""

import contextvars
import os
import re
import time
from dataclasses import dataclass

_HEADER = re.compile(r"Root=(?P<root>1-[0-9a-f]{8}-[0-9a-f]{24})")

current: contextvars.ContextVar[str | None] = contextvars.ContextVar("parley_trace_header", default=None)


@dataclass(frozen=True)
class TraceHeader:
    """A parsed `X-Amzn-Trace-Id`: ids of the trace and the calling segment, and whether it is recorded."""

    root: str
    parent: str | None
    sampled: bool

    def __str__(self) -> str:
        parent = f";Parent={self.parent}" if self.parent else ""
        return f"Root={self.root}{parent};Sampled={int(self.sampled)}"

    def with_parent(self, segment_id: str) -> "TraceHeader":
        """The header that a segment of this trace sends to the services that it calls."""
        return TraceHeader(self.root, segment_id, self.sampled)


def parse(header: str | None) -> TraceHeader | None:
    """Parse a header; None when it is not a trace header. Without `Sampled`, the trace is recorded."""
    match = _HEADER.search(header or "")
    if match is None or header is None:
        return None
    fields = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    return TraceHeader(match["root"], fields.get("Parent") or None, fields.get("Sampled", "1") != "0")


def new_trace(*, sampled: bool = True) -> TraceHeader:
    """The header of a new trace."""
    return TraceHeader(f"1-{int(time.time()):08x}-{os.urandom(12).hex()}", None, sampled)


def new_segment_id() -> str:
    """A new segment id: 16 hexadecimal digits."""
    return os.urandom(8).hex()
