"""Append lines to CloudWatch Logs from inside the emulator, and keep the log groups' memory bounded.

AWS keeps log events for the group's retention; MiniStack keeps every event in memory for ever. A group here
holds its newest events up to a limit, which is what a developer looks back at. Nothing is replaced: the
stores of `cloudwatch_logs` are written the way `lambda_svc._emit_lambda_logs` writes them.
"""

import itertools
import threading
import time
from collections.abc import Sequence
from typing import Any

from local.emulator import patching

_lock = threading.Lock()
_limit = 50_000
_appended = itertools.count(1)


def set_limit(kept_events: int) -> None:
    """How many events a log group keeps."""
    global _limit
    _limit = kept_events


def append(
    group_name: str, stream_name: str, lines: Sequence[str], *, first_at: float, last_at: float | None = None
) -> None:
    """Write lines to a stream of a group, making either where it is missing, as Lambda and Step Functions do."""
    if not lines:
        return
    logs = patching.module("services.cloudwatch_logs")
    first = int(first_at * 1000)
    last = int((last_at if last_at is not None else first_at) * 1000)
    now = int(time.time() * 1000)
    events = [
        {"timestamp": first if number == 0 else last, "message": line, "ingestionTime": now}
        for number, line in enumerate(lines)
    ]
    with _lock:
        group = logs._log_groups.get(group_name)
        if group is None:
            group = {
                "arn": logs._make_group_arn(group_name),
                "creationTime": now,
                "retentionInDays": None,
                "tags": {},
                "subscriptionFilters": {},
                "streams": {},
            }
            logs._log_groups[group_name] = group
        stream = group["streams"].get(stream_name)
        if stream is None:
            stream = {
                "events": [],
                "uploadSequenceToken": "1",
                "creationTime": now,
                "firstEventTimestamp": None,
                "lastEventTimestamp": None,
                "lastIngestionTime": None,
            }
            group["streams"][stream_name] = stream
        logs._append_log_events(stream, events)
        if next(_appended) % 200 == 0:
            _forget_oldest(group)
    if group.get("subscriptionFilters"):
        logs._fanout_to_subscription_filters(group_name, stream_name, events)


def _forget_oldest(group: dict[str, Any]) -> None:
    """Drop the oldest streams, then the oldest events, until the group is within its limit."""
    streams = group["streams"]
    total = sum(len(stream["events"]) for stream in streams.values())
    oldest_first = sorted(streams, key=lambda name: streams[name]["lastEventTimestamp"] or 0)
    for name in oldest_first:
        if total <= _limit:
            return
        excess = total - _limit
        held = len(streams[name]["events"])
        if held <= excess:
            del streams[name]
            total -= held
        else:
            del streams[name]["events"][:excess]
            return
