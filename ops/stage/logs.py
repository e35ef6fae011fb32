"""Read the messages of a CloudWatch log group, from all its streams.

Reading starts with FilterLogEvents, page by page. It reads through all events of a time range, one page of at most
1 MB per call and five calls per second (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html),
so a search through hours of a busy stage would take too long. After MAX_PAGES pages the rest is searched by
a query of Logs Insights, which is priced by the data that it scans.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops.errors import OpsError
from ops.stage import search_terms

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

MAX_PAGES = 50
"""The pages after which the rest is searched by Logs Insights."""
MAX_QUERY_RESULTS = 100_000
"""The most results of one query: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html"""
POLL_SECONDS = 0.5


class LogSearchError(OpsError):
    """Logs Insights did not finish the search. The message says what to do."""


def lines(
    client: "CloudWatchLogsClient",
    group: str,
    *,
    since_ms: int,
    until_ms: int,
    containing: str | Sequence[str] = (),
    pattern: str | None = None,
) -> Iterator[str]:
    """Yield the messages of `timed_lines`."""
    found = timed_lines(
        client, group, since_ms=since_ms, until_ms=until_ms, containing=containing, pattern=pattern
    )
    return (message for _, message in found)


def timed_lines(
    client: "CloudWatchLogsClient",
    group: str,
    *,
    since_ms: int,
    until_ms: int,
    containing: str | Sequence[str] = (),
    pattern: str | None = None,
) -> Iterator[tuple[int, str]]:
    """Yield the time and message of each line of a time range, oldest first.

    `containing` keeps the messages with that term, or with any of several; `pattern` keeps those that match a
    CloudWatch filter pattern. `pattern` is for short time ranges: Logs Insights does not search for it. Raises
    LogSearchError, and BadRequestError for a term that would end its quotation in a pattern or query.
    """
    request: dict[str, Any] = {"logGroupName": group, "startTime": since_ms, "endTime": until_ms}
    terms = (containing,) if isinstance(containing, str) else tuple(containing)
    for term in terms:
        search_terms.require_quotable(term)
    if terms or pattern:
        sign = "?" if len(terms) > 1 else ""
        request["filterPattern"] = pattern or " ".join(f'{sign}"{term}"' for term in terms)
    search = _Search()
    for number, page in enumerate(client.get_paginator("filter_log_events").paginate(**request), start=1):
        for event in page["events"]:
            if not terms or any(term in event["message"] for term in terms):
                search.add(event["timestamp"], event["message"])
                yield event["timestamp"], event["message"]
        if number == MAX_PAGES and pattern is None and "nextToken" in page:
            yield from _queried(client, group, search, since_ms, until_ms, terms)
            return


class _Search:
    """The position of a search: the messages of the latest second, which a query from that second on repeats."""

    def __init__(self) -> None:
        self.last_ms = 0
        self._messages: Counter[tuple[int, str]] = Counter()

    def add(self, at_ms: int, message: str) -> None:
        """Note a message that was yielded."""
        if at_ms // 1000 != self.last_ms // 1000:
            self._messages.clear()
        self.last_ms = at_ms
        self._messages[at_ms, message] += 1

    def overlap(self) -> Counter[tuple[int, str]]:
        """The number of messages of the latest second that were yielded, by time and message."""
        return Counter(self._messages)


def _queried(
    client: "CloudWatchLogsClient",
    group: str,
    search: _Search,
    since_ms: int,
    until_ms: int,
    terms: Sequence[str],
) -> Iterator[tuple[int, str]]:
    """Yield the times and messages after those of the search, by as many queries as their number needs."""
    while True:
        start_ms, repeated, count, is_new = max(since_ms, search.last_ms), search.overlap(), 0, False
        for at_ms, message in _query(client, group, start_ms, until_ms, terms):
            count += 1
            if repeated[at_ms, message]:
                repeated[at_ms, message] -= 1
            elif since_ms <= at_ms <= until_ms and at_ms >= search.last_ms // 1000 * 1000:
                is_new = True
                search.add(at_ms, message)
                yield at_ms, message
        if count < MAX_QUERY_RESULTS:
            return
        if not is_new:
            raise LogSearchError(
                f"The log group {group} has more than {MAX_QUERY_RESULTS:,} lines of one second that match: "
                "search for less, with --channel or a shorter time range."
            )


def _query(
    client: "CloudWatchLogsClient", group: str, since_ms: int, until_ms: int, terms: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield the time and the message of each line, oldest first, from the second of `since_ms` on."""
    likes = " or ".join(f'@message like "{term}"' for term in terms)
    condition = f" | filter {likes}" if likes else ""
    try:
        query_id = client.start_query(
            logGroupName=group,
            startTime=since_ms // 1000,
            endTime=-(-until_ms // 1000),
            queryString=f"fields @timestamp, @message{condition} | sort @timestamp asc",
            limit=MAX_QUERY_RESULTS,
        )["queryId"]
    except client.exceptions.LimitExceededException:
        raise LogSearchError(
            "Logs Insights runs as many queries as the account may: run the command again in a minute."
        ) from None
    try:
        answer: Any = _result(client, query_id)
    except BaseException:
        client.stop_query(queryId=query_id)
        raise
    while True:
        for fields in answer["results"]:
            row = {field["field"]: field.get("value", "") for field in fields}
            at = datetime.fromisoformat(row["@timestamp"]).replace(tzinfo=UTC)
            yield round(at.timestamp() * 1000), row["@message"]
        if "nextToken" not in answer:
            return
        answer = client.get_query_results(queryId=query_id, nextToken=answer["nextToken"])


def _result(client: "CloudWatchLogsClient", query_id: str) -> Any:
    """The first page of a query's results, once it has ended. Raises LogSearchError."""
    while True:
        answer = client.get_query_results(queryId=query_id)
        if answer["status"] == "Complete":
            return answer
        if answer["status"] not in ("Scheduled", "Running"):
            raise LogSearchError(
                f"Logs Insights ended the search with the status {answer['status']}: use a shorter time range."
            )
        time.sleep(POLL_SECONDS)
