"""The log lines of Lambda itself."""

import json

from local.emulator.lambda_.invocation_logs import InvocationReport
from local.emulator.xray.trace_headers import TraceHeader

ROOT = "1-67000000-0123456789abcdef01234567"


def test_lambda_writes_its_own_lines_in_both_formats():
    """As text with tabs, or as platform events in JSON, around the lines of the handler."""
    report = InvocationReport(
        "r",
        version="$LATEST",
        memory_megabytes=128,
        used_megabytes=60,
        duration_ms=1.2,
        trace=TraceHeader(ROOT, "0123456789abcdef", sampled=True),
        succeeded=True,
    )
    start, printed, end, last = report.lines(["printed"], as_json=False)
    assert start == "START RequestId: r Version: $LATEST"
    assert printed == "printed"
    assert end == "END RequestId: r"
    assert "Duration: 1.20 ms\tBilled Duration: 2 ms" in last
    assert f"XRAY TraceId: {ROOT}\tSegmentId: 0123456789abcdef" in last
    kinds = [json.loads(line)["type"] for line in report.lines([], as_json=True)]
    assert kinds == ["platform.start", "platform.report"]
