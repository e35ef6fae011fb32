"""Segments sent by UDP are found through X-Ray's API."""

import json
import os
import socket
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Stack
from tests.waiting import wait_until


def send(stack: Stack, udp_socket: socket.socket, **segment: object) -> None:
    header = b'{"format": "json", "version": 1}\n'
    port = stack.emulator.ask("health")["tracePort"]
    udp_socket.sendto(header + json.dumps(segment).encode(), ("127.0.0.1", port))


def test_a_trace_is_found_by_an_annotation_of_a_subsegment(stack: Stack, trace_socket: socket.socket):
    """GetTraceSummaries with a filter expression, then BatchGetTraces."""
    now = time.time()
    trace_id = f"1-{int(now):08x}-{os.urandom(12).hex()}"
    message_id = os.urandom(4).hex()
    send(
        stack,
        trace_socket,
        trace_id=trace_id,
        id="00000000000000bb",
        parent_id="00000000000000aa",
        type="subsegment",
        name="## handler",
        start_time=now,
        end_time=now + 0.25,
        subsegments=[
            {
                "id": "00000000000000cc",
                "name": "inner",
                "start_time": now,
                "annotations": {"messageId": message_id, "attempt": 2},
            }
        ],
    )
    xray = stack.client("xray")
    query = {"StartTime": now - 60, "EndTime": now + 60}

    def look() -> list[dict[str, Any]]:
        expression = f'annotation.messageId = "{message_id}" AND annotation[attempt] = 2'
        summaries: list[dict[str, Any]] = xray.get_trace_summaries(FilterExpression=expression, **query)[
            "TraceSummaries"
        ]
        return summaries

    (summary,) = wait_until(look, "the trace was collected")
    assert summary["Id"] == trace_id
    assert summary["Duration"] == pytest.approx(0.25, abs=0.01)
    traces = xray.batch_get_traces(TraceIds=[trace_id, "1-00000000-000000000000000000000000"])
    assert [trace["Id"] for trace in traces["Traces"]] == [trace_id]
    assert json.loads(traces["Traces"][0]["Segments"][0]["Document"])["id"] == "00000000000000bb"
    assert len(traces["UnprocessedTraceIds"]) == 1


def test_an_unsupported_filter_is_rejected(stack: Stack):
    """Instead of an answer that ignores it."""
    with pytest.raises(ClientError) as rejected:
        stack.client("xray").get_trace_summaries(StartTime=0, EndTime=1, FilterExpression='service("x") { fault }')
    assert rejected.value.response["Error"]["Code"] == "InvalidRequestException"


def test_a_datagram_that_is_not_a_segment_is_ignored(stack: Stack, trace_socket: socket.socket):
    """The collector continues."""
    port = stack.emulator.ask("health")["tracePort"]
    trace_socket.sendto(b"nonsense", ("127.0.0.1", port))
    trace_socket.sendto(b'{"format": "json"}\n[1]', ("127.0.0.1", port))
    test_a_trace_is_found_by_an_annotation_of_a_subsegment(stack, trace_socket)
