"""Lines of CloudWatch Logs, of a group and a time, whichever way the group's streams hold them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

PAGE = 10_000


def lines(
    client: "CloudWatchLogsClient",
    group: str,
    *,
    since_ms: int,
    until_ms: int,
    containing: str | None = None,
    pattern: str | None = None,
) -> Iterator[str]:
    """The messages of a time, oldest first; of those that hold a term, or fit a filter pattern, where given.

    The local stage answers in one page, so a full page without a token is asked on from its last moment.
    """
    request: dict[str, Any] = {
        "logGroupName": group,
        "startTime": since_ms,
        "endTime": until_ms,
        "limit": PAGE,
    }
    if containing or pattern:
        request["filterPattern"] = pattern or f'"{containing}"'
    seen_at_start: set[tuple[str, str]] = set()
    while True:
        page = client.filter_log_events(**request)
        events = page["events"]
        for event in events:
            key = (event.get("logStreamName", ""), event["message"])
            if key not in seen_at_start and (not containing or containing in event["message"]):
                yield event["message"]
        if token := page.get("nextToken"):
            request["nextToken"] = token
            continue
        if len(events) < PAGE or events[-1]["timestamp"] == request["startTime"]:
            return
        request["startTime"] = events[-1]["timestamp"]
        seen_at_start = {
            (event.get("logStreamName", ""), event["message"])
            for event in events
            if event["timestamp"] == request["startTime"]
        }
