"""The lines that Lambda itself writes to a function's log group before and after those of an invocation."""

import json
import time
from dataclasses import dataclass
from typing import Any

from local.emulator.xray.trace_headers import TraceHeader

TRACEBACK = "Traceback (most recent call last):"
"""The first line of what Python prints about an error."""


@dataclass(frozen=True)
class InvocationReport:
    """What Lambda reports about one invocation; `trace` is None when the invocation is not traced."""

    request_id: str
    version: str
    memory_megabytes: int
    used_megabytes: int
    duration_ms: float
    trace: TraceHeader | None
    succeeded: bool

    @property
    def billed_ms(self) -> int:
        """The duration, rounded up."""
        return int(self.duration_ms) + 1

    def lines(self, printed: list[str], *, as_json: bool) -> list[str]:
        """The lines of an invocation in the function's log format, with those that the handler printed."""
        start, *end = self._json_lines() if as_json else self._text_lines()
        return [start, *printed, *end]

    def _json_lines(self) -> list[str]:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        start = {"requestId": self.request_id, "version": self.version}
        report: dict[str, Any] = {
            "requestId": self.request_id,
            "metrics": {
                "durationMs": round(self.duration_ms, 3),
                "billedDurationMs": self.billed_ms,
                "memorySizeMB": self.memory_megabytes,
                "maxMemoryUsedMB": self.used_megabytes,
            },
            "status": "success" if self.succeeded else "error",
        }
        if self.trace is not None:
            report["tracing"] = {
                "spanId": self.trace.parent,
                "type": "X-Amzn-Trace-Id",
                "value": str(self.trace),
            }
        return [
            json.dumps({"time": now, "type": f"platform.{kind}", "record": record})
            for kind, record in (("start", start), ("report", report))
        ]

    def _text_lines(self) -> list[str]:
        report = (
            f"REPORT RequestId: {self.request_id}\tDuration: {self.duration_ms:.2f} ms\t"
            f"Billed Duration: {self.billed_ms} ms\tMemory Size: {self.memory_megabytes} MB\t"
            f"Max Memory Used: {self.used_megabytes} MB\t"
        )
        if self.trace is not None:
            report += f"XRAY TraceId: {self.trace.root}\tSegmentId: {self.trace.parent}\tSampled: true"
        return [
            f"START RequestId: {self.request_id} Version: {self.version}",
            f"END RequestId: {self.request_id}",
            report,
        ]


def with_failure(printed: list[str], error: Any, request_id: str) -> list[str]:
    """The lines that a function printed, with the one that Lambda adds about a call that failed.

    It begins with `[ERROR]`, the error's name and message, and has the traceback; or it says that the call timed
    out.
    """
    if not isinstance(error, dict):
        return printed
    name, message = str(error.get("errorType")), str(error.get("errorMessage"))
    if name == "Sandbox.Timedout":
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        return [*printed, f"{now} {request_id} {message.rpartition('Error: ')[2]}"]
    last = max((number for number, line in enumerate(printed) if line.startswith(TRACEBACK)), default=len(printed))
    return [*printed[:last], "\n".join([f"[ERROR] {name}: {message}", *printed[last:]])]


def log_group_of(config: dict[str, Any]) -> str:
    """The name of a function's log group."""
    return str((config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}")
