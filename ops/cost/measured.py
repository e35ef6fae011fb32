"""Measure what a scripted load uses, from the frames, the logs and the traces of a stage.

A temporary user opens some sockets, which are the recipients, and sends messages to a private channel. What cannot
be measured comes from the design, and is named in NOT_MEASURED and NOT_MEASURED_LOCALLY.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets.sync.client import ClientConnection

from ops import times
from ops.check import round_trip
from ops.cost import design, resources
from ops.cost.design import DEFAULT, GB
from ops.cost.usage import Usage, usage
from ops.follow import traces
from ops.stage import logs
from ops.stage.stage import Stage

MESSAGES_PER_SECOND = 1.5
"""Less than the limit of a member (docs/limits.md)."""
SETTLE_SECONDS = 5.0
"""How long logs and traces take to be complete, and the frames of the sockets that were opened to arrive."""
BYTES_PER_LINE = 26
"""CloudWatch Logs charges for these in addition to a line's text."""
TEXT = "The build is green again, I am going to deploy it after lunch."
REPORT = re.compile(r"Billed Duration: ([\d.]+) ms\s+Memory Size: (\d+) MB")
WRITE_UNITS = {"PutItem": 1, "UpdateItem": 1, "DeleteItem": 1, "BatchWriteItem": 1}
READ_UNITS = {"GetItem": 1, "Query": 1, "BatchGetItem": 1}
WORKFLOW_WRITES, WORKFLOW_READS = 5, 2
"""The workflow's own units: AssignSequence and PersistOnce; FindOriginal and FindRecipients."""
NOT_MEASURED = (
    "the workflow's calls of DynamoDB, the duration of runs, the bytes in the archive and on the network, and the "
    "share of traces, are by the design"
)
NOT_MEASURED_LOCALLY = "the durations of functions on this machine are not those of AWS: they are by the design"


@dataclass
class Load:
    """A load and what it used: the counts of all messages together."""

    recipients: int
    message_ids: list[str] = field(default_factory=list)
    frames: int = 0
    invocations: int = 0
    gb_seconds: float = 0.0
    log_bytes: int = 0
    runs: int = 0
    traced: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    """The functions' calls of DynamoDB, in the traced messages."""

    def per_message(self, *, is_local: bool) -> Usage:
        """The usage of one message."""
        count = len(self.message_ids)
        by_design = design.message(self.recipients, DEFAULT)
        traced = max(self.traced, 1)
        writes = sum(WRITE_UNITS.get(call, 0) * number for call, number in self.calls.items()) / traced
        reads = sum(READ_UNITS.get(call, 0) * number for call, number in self.calls.items()) / traced
        return usage(
            socket_messages=(count + self.frames) / count,
            events=1,
            archived_gb=by_design["archived_gb"],
            runs=self.runs / count,
            run_gb_seconds=by_design["run_gb_seconds"],
            invocations=self.invocations / count,
            function_gb_seconds=by_design["function_gb_seconds"] if is_local else self.gb_seconds / count,
            write_units=WORKFLOW_WRITES + writes,
            read_units=WORKFLOW_READS + reads,
            logged_gb=self.log_bytes / count / GB,
            traces=DEFAULT.trace_percent / 100,
            sent_gb=by_design["sent_gb"],
        )


def run(stage: Stage, *, messages: int, recipients: int) -> Load:
    """Send the messages, and measure what they used. Raises RoundTripError."""
    load = Load(recipients)
    with round_trip.private_channel(stage, "cost") as (api, channel_id), ExitStack() as opened:
        sockets = [
            opened.enter_context(round_trip.open_socket(stage, round_trip.call(api, "POST", "/tickets")["ticket"]))
            for _ in range(recipients)
        ]
        time.sleep(SETTLE_SECONDS)
        since_ms = times.now()
        for number in range(messages):
            if number:
                time.sleep(1 / MESSAGES_PER_SECOND)
            load.message_ids.append(_send(sockets, channel_id, load))
        time.sleep(SETTLE_SECONDS)
        until_ms = times.now()
    for group in resources.log_groups(stage):
        count_lines(load, logs.lines(stage.client("logs"), group, since_ms=since_ms, until_ms=until_ms))
    _read_traces(stage, load, since_ms, until_ms)
    return load


def count_lines(load: Load, lines: Iterable[str]) -> None:
    """Count the bytes, invocations and runs in the lines of a log group."""
    for line in lines:
        load.log_bytes += len(line.encode()) + BYTES_PER_LINE
        load.runs += '"ExecutionStarted"' in line
        if billed := _billed(line):
            milliseconds, memory_mb = billed
            load.invocations += 1
            load.gb_seconds += milliseconds / 1000 * memory_mb / 1024


def operations(document: dict[str, Any]) -> Iterator[str]:
    """The DynamoDB operations in a segment document and in its subsegments."""
    aws = document.get("aws")
    if str(document.get("name")).lower() == "dynamodb" and isinstance(aws, dict) and aws.get("operation"):
        yield str(aws["operation"])
    for part in document.get("subsegments") or []:
        yield from operations(part)


def _send(sockets: list[ClientConnection], channel_id: str, load: Load) -> str:
    """Send a message on the first socket, and receive its ack there and its frame on each. Returns its id."""
    client_message_id = str(uuid4())
    command = {
        "action": "sendMessage",
        "clientMessageId": client_message_id,
        "channelId": channel_id,
        "text": TEXT,
    }
    sockets[0].send(json.dumps(command))
    started, message_id = time.monotonic(), ""
    for number, socket in enumerate(sockets):
        expected = {"message", "ack"} if number == 0 else {"message"}
        while expected:
            frame = round_trip.receive(socket, started, min(expected))
            if frame.get("clientMessageId") == client_message_id and frame["type"] in expected:
                expected.discard(frame["type"])
                message_id = str(frame["messageId"])
                load.frames += 1
    return message_id


def _billed(line: str) -> tuple[float, float] | None:
    """The charged milliseconds and the memory in MB in the report of an invocation, in either format of logs."""
    if found := REPORT.search(line):
        return float(found[1]), float(found[2])
    if '"platform.report"' not in line:
        return None
    metrics = json.loads(line)["record"]["metrics"]
    return float(metrics["billedDurationMs"]), float(metrics["memorySizeMB"])


def _read_traces(stage: Stage, load: Load, since_ms: int, until_ms: int) -> None:
    """Count the functions' calls of DynamoDB in the traces of the messages, as far as X-Ray has them."""
    for message_id in load.message_ids:
        found = traces.annotated(stage, "messageId", message_id, since_ms=since_ms, until_ms=until_ms + 60_000)
        if not found:
            continue
        load.traced += 1
        for page in stage.client("xray").get_paginator("batch_get_traces").paginate(TraceIds=found[:5]):
            for segment in (segment for trace in page["Traces"] for segment in trace["Segments"]):
                load.calls.update(operations(json.loads(segment["Document"])))
