"""Collect X-Ray segments, and serve the queries of X-Ray's API for them.

On AWS, functions send segments by UDP to a daemon on their host, Lambda and Step Functions add their own segments,
and clients read traces with `GetTraceSummaries` and `BatchGetTraces`. MiniStack has no X-Ray, so the datagrams
were lost. This addition receives them on loopback and keeps a limited number of the newest traces in memory.
"""

import contextlib
import json
import logging
import re
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from local.emulator.xray import service_graph
from local.emulator.xray.trace_headers import TraceHeader, new_segment_id

logger = logging.getLogger("parley.traces")

KEPT_SECONDS = 6 * 3600.0
MAX_SEGMENTS_PER_TRACE = 500
# How long segments are collected before they are read together; the socket's buffer holds far more.
COLLECT_SECONDS = 0.05
TRACE_ID = re.compile(r"1-(?P<seconds>[0-9a-f]{8})-[0-9a-f]{24}$")
CONDITION = re.compile(r"""annotation[.\[]\s*"?(?P<key>[A-Za-z0-9_]+)"?\s*\]?\s*=\s*(?P<value>"[^"]*"|[\w.-]+)$""")
SERVICE = re.compile(r"""service\(\s*"(?P<name>[^"]+)"\s*\)$""")

Segment = dict[str, Any]
Condition = tuple[str, str]
"""An annotation and its value, or SERVICE_CONDITION and the name of a service."""
SERVICE_CONDITION = "service()"


class FilterExpressionError(ValueError):
    """A filter expression that this collector does not support."""


class TraceStore:
    """The newest traces, by id, limited in number and age. Their segments are kept as JSON, which is smaller."""

    def __init__(self, kept_traces: int) -> None:
        self._kept = kept_traces
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, dict[str, tuple[float, bytes]]] = OrderedDict()
        """By trace and segment id: when the segment started, and its JSON."""

    def add(self, segment: Segment, encoded: bytes | None = None) -> None:
        """Store a segment, or replace it by its id: the SDK sends a segment again when it ends.

        `encoded` is its JSON, if there is one. A segment of a trace that is too old is dropped, such as that of a
        message that waited in a queue while the stage was stopped. Raises ValueError or TypeError for a start that
        is no number.
        """
        trace_id = str(segment.get("trace_id", ""))
        segment_id = str(segment.get("id", ""))
        if not segment_id or _is_old(trace_id):
            return
        started = float(segment.get("start_time", 0))
        with self._lock:
            segments = self._traces.setdefault(trace_id, {})
            if segment_id in segments or len(segments) < MAX_SEGMENTS_PER_TRACE:
                segments[segment_id] = (started, encoded or json.dumps(segment).encode())
            self._traces.move_to_end(trace_id)
            while self._traces and (len(self._traces) > self._kept or _is_old(next(iter(self._traces)))):
                self._traces.popitem(last=False)

    def segments(self, trace_id: str) -> list[Segment]:
        """The segments of a trace, earliest first; empty when the trace is not stored."""
        with self._lock:
            stored = list(self._traces.get(trace_id, {}).values())
        return [json.loads(encoded) for _, encoded in sorted(stored, key=lambda segment: segment[0])]

    def trace_ids(self) -> list[str]:
        """The ids of all stored traces, the most recently changed first."""
        with self._lock:
            return list(reversed(self._traces))

    def started_between(self, start: float, end: float) -> list[str]:
        """The ids of the traces that started in a time range, the most recently changed first."""
        with self._lock:
            return [
                trace_id
                for trace_id, segments in reversed(self._traces.items())
                if start <= min(started for started, _ in segments.values()) <= end
            ]


def _is_old(trace_id: str) -> bool:
    """Whether a trace is older than the store keeps. An id without a time is."""
    started = TRACE_ID.match(trace_id)
    return started is None or time.time() - int(started["seconds"], 16) > KEPT_SECONDS


def annotations_of(segment: Segment) -> Iterator[tuple[str, Any]]:
    """Every annotation of a segment and of its subsegments, as (key, value)."""
    yield from segment.get("annotations", {}).items()
    for part in segment.get("subsegments", []):
        yield from annotations_of(part)


def meets(segments: list[Segment], conditions: list[Condition]) -> bool:
    """Whether a trace meets all conditions."""
    met = {(key, str(value)) for segment in segments for key, value in annotations_of(segment)}
    # The services take longer to find than the annotations.
    if any(key == SERVICE_CONDITION for key, _ in conditions):
        met |= {(SERVICE_CONDITION, name) for name in service_graph.names([segments])}
    return met.issuperset(conditions)


def parse_filter(expression: str) -> list[Condition]:
    """The conditions, joined by AND, of a filter. Raises FilterExpressionError."""
    conditions = []
    for part in re.split(r"\s+AND\s+", expression.strip(), flags=re.IGNORECASE):
        service = SERVICE.match(part.strip())
        if service is not None:
            conditions.append((SERVICE_CONDITION, service["name"]))
            continue
        match = CONDITION.match(part.strip())
        if match is None:
            raise FilterExpressionError(
                f'Unsupported filter {part.strip()!r}: the local stage supports annotation.NAME = "VALUE" '
                'and service("NAME"), joined by AND.'
            )
        conditions.append((match["key"], match["value"].strip('"')))
    return conditions


def summary(trace_id: str, segments: list[Segment]) -> dict[str, Any]:
    """A trace as `GetTraceSummaries` lists it."""
    annotations: dict[str, list[dict[str, Any]]] = {}
    for segment in segments:
        for key, value in annotations_of(segment):
            kind = "NumberValue" if isinstance(value, int | float) else "StringValue"
            kind = "BooleanValue" if isinstance(value, bool) else kind
            annotations.setdefault(key, []).append({"AnnotationValue": {kind: value}})
    starts = [float(segment["start_time"]) for segment in segments if "start_time" in segment]
    ends = [float(segment["end_time"]) for segment in segments if "end_time" in segment]
    start = min(starts, default=0.0)
    return {
        "Id": trace_id,
        "StartTime": start,
        "Duration": round(max(ends, default=start) - start, 6),
        "ResponseTime": round(max(ends, default=start) - start, 6),
        "HasError": any(segment.get("error") for segment in segments),
        "HasFault": any(segment.get("fault") for segment in segments),
        "HasThrottle": any(segment.get("throttle") for segment in segments),
        "IsPartial": any(segment.get("in_progress") for segment in segments),
        "Annotations": annotations,
        "ServiceIds": [
            {"Name": name, "Names": [name]}
            for name in dict.fromkeys(str(segment.get("name")) for segment in segments)
        ],
    }


class TraceCollector:
    """The UDP socket that functions send segments to, and X-Ray's API."""

    def __init__(self, store: TraceStore, port_number: int) -> None:
        self.store = store
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", port_number))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._receive, daemon=True, name="trace-collector").start()

    def _receive(self) -> None:
        while True:
            self._add(self._socket.recv(65_536))
            # A wake-up per segment would slow the traced functions more than reading the segments does.
            time.sleep(COLLECT_SECONDS)
            self._receive_waiting()

    def _receive_waiting(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._add(self._socket.recv(65_536, socket.MSG_DONTWAIT))

    def _add(self, datagram: bytes) -> None:
        _header, _, body = datagram.partition(b"\n")
        try:
            segment = json.loads(body)
        except ValueError:
            logger.warning("Ignored a datagram of %d bytes that is not an X-Ray segment", len(datagram))
            return
        if not isinstance(segment, dict):
            return
        try:
            self.store.add(segment, body)
        except (TypeError, ValueError):
            # The thread must not end, or no trace would be collected any more.
            logger.warning("Ignored a segment with a field that is not X-Ray's", exc_info=True)

    def handle(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        """Answer `GetTraceSummaries`, `BatchGetTraces` (POST /Traces) or `GetServiceGraph`, by the path."""
        self._receive_waiting()
        if path == "/ServiceGraph":
            return self._service_graph(request)
        return self._batch_get(request) if path == "/Traces" else self._summaries(request)

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        traces = {str(trace_id): self.store.segments(str(trace_id)) for trace_id in request.get("TraceIds", [])}
        return {
            "Traces": [
                {
                    "Id": trace_id,
                    "Duration": summary(trace_id, segments)["Duration"],
                    "LimitExceeded": False,
                    "Segments": [{"Id": segment["id"], "Document": json.dumps(segment)} for segment in segments],
                }
                for trace_id, segments in traces.items()
                if segments
            ],
            "UnprocessedTraceIds": [trace_id for trace_id, segments in traces.items() if not segments],
        }

    def _service_graph(self, request: dict[str, Any]) -> dict[str, Any]:
        """The services of all traces: the only stage is the group that is asked for."""
        start, end = float(request["StartTime"]), float(request["EndTime"])
        traces = (self.store.segments(trace_id) for trace_id in self.store.started_between(start, end))
        return {"StartTime": start, "EndTime": end, "Services": service_graph.services(traces)}

    def _summaries(self, request: dict[str, Any]) -> dict[str, Any]:
        conditions = parse_filter(request["FilterExpression"]) if request.get("FilterExpression") else []
        start, end = float(request.get("StartTime", 0)), float(request.get("EndTime", time.time() + 60))
        summaries = []
        for trace_id in self.store.started_between(start - 1, end + 1):
            segments = self.store.segments(trace_id)
            if meets(segments, conditions):
                summaries.append(summary(trace_id, segments))
        return {
            "TraceSummaries": summaries,
            "ApproximateTime": time.time(),
            "TracesProcessedCount": len(self.store.trace_ids()),
        }


_collector: TraceCollector | None = None


def start(port_number: int, kept_traces: int) -> TraceCollector:
    """Start the collector on loopback; port 0 selects a free port."""
    global _collector
    _collector = TraceCollector(TraceStore(kept_traces), port_number)
    return _collector


def port() -> int:
    """The port that functions send their segments to."""
    return _collector.port if _collector else 2000


def record(segment: Segment) -> None:
    """Store a segment of the emulator itself, as AWS's services do."""
    if _collector is not None:
        _collector.store.add(segment)


def record_function(
    name: str,
    inbound: TraceHeader,
    segment_id: str,
    request_id: str,
    started: float,
    ended: float,
    *,
    failed: bool,
) -> None:
    """Store Lambda's segment of an invocation, the parent of the segments that the function's SDK sends."""
    segment: Segment = {
        "trace_id": inbound.root,
        "id": segment_id,
        "name": name,
        "origin": "AWS::Lambda::Function",
        "start_time": started,
        "end_time": ended,
        "aws": {"request_id": request_id, "operation": "Invoke"},
    }
    if inbound.parent:
        segment["parent_id"] = inbound.parent
    if failed:
        segment["fault"] = True
    record(segment)


def record_execution(
    name: str, arn: str, inbound: TraceHeader, segment_id: str, started: float, ended: float
) -> None:
    """Store Step Functions' segment of a traced execution."""
    segment: Segment = {
        "trace_id": inbound.root,
        "id": segment_id or new_segment_id(),
        "name": name,
        "origin": "AWS::StepFunctions::StateMachine",
        "start_time": started,
        "end_time": ended,
        "aws": {"execution_arn": arn},
    }
    if inbound.parent:
        segment["parent_id"] = inbound.parent
    record(segment)
