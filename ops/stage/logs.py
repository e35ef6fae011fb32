"""Read the messages of a CloudWatch log group, from all its streams."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

PAGE_SIZE = 10_000


def lines(
    client: "CloudWatchLogsClient",
    group: str,
    *,
    since_ms: int,
    until_ms: int,
    containing: str | None = None,
    pattern: str | None = None,
) -> Iterator[str]:
    """Yield the messages of a time range, oldest first.

    `containing` keeps the messages with that term; `pattern` keeps those that match a CloudWatch filter pattern.

    The local stage answers with one page and no token. After a full page without a token, reading therefore
    continues from the timestamp of its last event.
    """
    request: dict[str, Any] = {"logGroupName": group, "limit": PAGE_SIZE}
    request |= {"startTime": since_ms, "endTime": until_ms}
    if containing or pattern:
        request["filterPattern"] = pattern or f'"{containing}"'
    paginator = client.get_paginator("filter_log_events")
    yielded_at_start: set[tuple[str, str]] = set()
    while True:
        events: list[Any] = []
        for page in paginator.paginate(**request):
            events = page["events"]
            for event in events:
                if _identity(event) not in yielded_at_start and (not containing or containing in event["message"]):
                    yield event["message"]
        if len(events) < PAGE_SIZE or events[-1]["timestamp"] == request["startTime"]:
            return
        request["startTime"] = events[-1]["timestamp"]
        yielded_at_start = {_identity(event) for event in events if event["timestamp"] == request["startTime"]}


def _identity(event: Any) -> tuple[str, str]:
    return event.get("logStreamName", ""), event["message"]
