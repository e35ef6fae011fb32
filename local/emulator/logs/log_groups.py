"""Append lines to CloudWatch Logs from inside the emulator, and limit the memory of log groups.

AWS keeps log events for the retention time of their group. MiniStack keeps every event in memory without end. This
addition keeps the newest events of each group, up to a number of events and of bytes; a developer rarely reads
older ones. It replaces nothing: it writes to the stores of `cloudwatch_logs`, as `lambda_svc._emit_lambda_logs`
does.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch import embedded_metrics

PRUNED_TO = 0.9
"""The share of the limits that pruning leaves, so that it is not needed again at once: it sorts the streams."""

_lock = threading.Lock()
_kept_events = 50_000
_kept_bytes = 64 * 1024 * 1024
_sizes: dict[str, tuple[int, int]] = {}
"""How many events each group has, and how many characters they have."""


def set_limits(*, kept_events: int, kept_bytes: int) -> None:
    """Set how many events, and how many bytes of them, a log group keeps."""
    global _kept_events, _kept_bytes
    _kept_events, _kept_bytes = kept_events, kept_bytes


def append(
    group_name: str, stream_name: str, lines: Sequence[str], *, first_at: float, last_at: float | None = None
) -> None:
    """Write lines to a stream, and create the group and the stream when they do not exist.

    The first line has the time `first_at` (epoch seconds), the others `last_at`, by default the same.
    """
    if not lines:
        return
    embedded_metrics.take(lines)
    logs = patching.module("services.cloudwatch_logs")
    first = int(first_at * 1000)
    last = int((last_at if last_at is not None else first_at) * 1000)
    now = int(time.time() * 1000)
    events = [
        {"timestamp": first if number == 0 else last, "message": line, "ingestionTime": now}
        for number, line in enumerate(lines)
    ]
    with _lock:
        if group_name not in logs._log_groups:
            logs._log_groups[group_name] = _new_group(logs._make_group_arn(group_name), now)
            _sizes.pop(group_name, None)
        group = logs._log_groups[group_name]
        stream = group["streams"].setdefault(stream_name, _new_stream(now))
        logs._append_log_events(stream, events)
        _sizes[group_name] = _pruned(group, _sizes.get(group_name), lines)
    if group.get("subscriptionFilters"):
        logs._fanout_to_subscription_filters(group_name, stream_name, events)


def _pruned(group: dict[str, Any], before: tuple[int, int] | None, lines: Sequence[str]) -> tuple[int, int]:
    """Prune a group if it exceeds the limits. Return its size, of which `before` is that without these lines."""
    if before is None:
        size = size_of(group)
    else:
        size = before[0] + len(lines), before[1] + sum(len(line) for line in lines)
    if size[0] <= _kept_events and size[1] <= _kept_bytes:
        return size
    return prune(group, size, int(_kept_events * PRUNED_TO), int(_kept_bytes * PRUNED_TO))


def size_of(group: dict[str, Any]) -> tuple[int, int]:
    """How many events a group has, and how many characters they have."""
    events = [len(event["message"]) for stream in group["streams"].values() for event in stream["events"]]
    return len(events), sum(events)


def _new_group(arn: str, now: int) -> dict[str, Any]:
    return {
        "arn": arn,
        "creationTime": now,
        "retentionInDays": None,
        "tags": {},
        "subscriptionFilters": {},
        "streams": {},
    }


def _new_stream(now: int) -> dict[str, Any]:
    return {
        "events": [],
        "uploadSequenceToken": "1",
        "creationTime": now,
        "firstEventTimestamp": None,
        "lastEventTimestamp": None,
        "lastIngestionTime": None,
    }


def prune(group: dict[str, Any], before: tuple[int, int], kept_events: int, kept_bytes: int) -> tuple[int, int]:
    """Delete the oldest streams, then the oldest events, until a group of the size `before` is within its limits.

    Returns its new size.
    """
    streams = group["streams"]
    events, size = before
    for name in sorted(streams, key=lambda name: streams[name]["lastEventTimestamp"] or 0):
        oldest = streams[name]["events"]
        dropped = 0
        while dropped < len(oldest) and (events > kept_events or size > kept_bytes):
            size -= len(oldest[dropped]["message"])
            events -= 1
            dropped += 1
        if dropped < len(oldest):
            del oldest[:dropped]
            break
        del streams[name]
    return events, size
