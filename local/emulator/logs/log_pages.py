"""Answer FilterLogEvents in pages, with a token for the next one and an id for each event.

On AWS, a page has at most 10,000 events, and `nextToken` leads to the next page. MiniStack
(`cloudwatch_logs._filter_log_events`) cuts its answer after 10,000 events and returns no token, so that the later
events cannot be read. This addition replaces that function.
"""

import heapq
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any

from local.emulator import patching

MAX_PAGE_EVENTS = 10_000

Event = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_ids = itertools.count(1)


def install() -> None:
    """Replace MiniStack's function."""
    for name in ("_resolve_log_group_name", "_compile_filter_pattern", "_log_events_lock", "_log_groups"):
        patching.original("services.cloudwatch_logs", name)
    patching.replace("services.cloudwatch_logs", "_filter_log_events", filter_log_events)


def filter_log_events(data: dict[str, Any]) -> Response:
    """FilterLogEvents: the matching events of a time range, oldest first."""
    logs, responses = patching.module("services.cloudwatch_logs"), patching.module("core.responses")
    group_name = logs._resolve_log_group_name(data)
    group = logs._log_groups.get(group_name)
    if group is None:
        missing: Response = responses.error_response_json(
            "ResourceNotFoundException", f"The specified log group does not exist: {group_name}", 400
        )
        return missing
    start, returned = _position(data)
    matches = logs._compile_filter_pattern(data.get("filterPattern", ""))
    limit = min(int(data.get("limit") or MAX_PAGE_EVENTS), MAX_PAGE_EVENTS)
    with logs._log_events_lock:
        found = _events(group, data, start, matches)
        # The token names the time of the last event, and how many events of that time were returned.
        after = itertools.dropwhile(_already_returned(start, returned), found)
        page = list(itertools.islice(after, limit))
        has_more = next(after, None) is not None
    answer: dict[str, Any] = {"events": page, "searchedLogStreams": []}
    if has_more:
        last = page[-1]["timestamp"]
        count = sum(event["timestamp"] == last for event in page) + (returned if last == start else 0)
        answer["nextToken"] = f"{last}/{count}"
    response: Response = responses.json_response(answer)
    return response


def _position(data: dict[str, Any]) -> tuple[int | None, int]:
    """The time from which to read, and the number of events of that time that were returned before."""
    token = data.get("nextToken")
    if not token:
        return data.get("startTime"), 0
    time, _, count = str(token).partition("/")
    return int(time), int(count)


def _already_returned(start: int | None, count: int) -> Any:
    skipped = itertools.count(1)
    return lambda event: event["timestamp"] == start and next(skipped) <= count


def _events(
    group: dict[str, Any], data: dict[str, Any], start: int | None, matches: Callable[[str], bool]
) -> Iterator[Event]:
    """The matching events of the requested streams and times, merged by time."""
    streams, end = group["streams"], data.get("endTime")
    names = data.get("logStreamNames") or [
        name for name in streams if name.startswith(data.get("logStreamNamePrefix") or "")
    ]
    ranges = []
    for name in names:
        if name not in streams:
            continue
        history = streams[name]["events"]
        first = bisect_left(history, start, key=_time) if start is not None else 0
        last = bisect_right(history, end, key=_time) if end is not None else len(history)
        ranges.append([_named(event, name) for event in history[first:last] if matches(event["message"])])
    return heapq.merge(*ranges, key=lambda event: (event["timestamp"], event.get("ingestionTime", 0)))


def _named(event: Event, stream: str) -> Event:
    """The event as the API returns it. Its id is assigned when it is read for the first time."""
    event.setdefault("eventId", f"{event['timestamp']:020}{next(_ids):036}")
    return {**event, "logStreamName": stream}


def _time(event: Event) -> int:
    return int(event["timestamp"])
