"""Carry X-Ray trace headers through the emulator, as AWS's services do.

AWS: a request's `X-Amzn-Trace-Id` reaches the service that it calls; EventBridge passes an entry's
`TraceHeader` to its targets (an SQS message's `AWSTraceHeader`, a state machine's execution); Lambda gives
every invocation a `_X_AMZN_TRACE_ID` whose parent is the function's own segment. MiniStack starts a new trace
at most hops, or none. The header of the work in hand is a context variable; whoever starts a thread copies
the context.
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
    """A parsed `X-Amzn-Trace-Id`: the trace, the segment that calls, and whether it is recorded."""

    root: str
    parent: str | None
    sampled: bool

    def __str__(self) -> str:
        parent = f";Parent={self.parent}" if self.parent else ""
        return f"Root={self.root}{parent};Sampled={int(self.sampled)}"

    def with_parent(self, segment_id: str) -> "TraceHeader":
        """The header that a segment of this trace passes on."""
        return TraceHeader(self.root, segment_id, self.sampled)


def parse(header: str | None) -> TraceHeader | None:
    """A header's parts, or None for what is no trace header; a header that does not say is taken as sampled."""
    found = _HEADER.search(header or "")
    if found is None or header is None:
        return None
    fields = dict(part.strip().partition("=")[::2] for part in header.split(";"))
    return TraceHeader(found["root"], fields.get("Parent") or None, fields.get("Sampled", "1") != "0")


def new_trace(*, sampled: bool = True) -> TraceHeader:
    """The header of a trace that starts here."""
    return TraceHeader(f"1-{int(time.time()):08x}-{os.urandom(12).hex()}", None, sampled)


def new_segment_id() -> str:
    """A segment's id: 16 hexadecimal digits."""
    return os.urandom(8).hex()
