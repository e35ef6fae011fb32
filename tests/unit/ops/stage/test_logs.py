"""Reading a log group: page by page without repeats, and by Logs Insights when it is large."""

from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from ops.errors import BadRequestError
from ops.stage import logs
from tests.unit.ops.stages import deployed_stage, stubbed

GROUP = "/aws/vendedlogs/states/deliver"


def event(at_ms: int, message: str) -> dict[str, Any]:
    """An event as FilterLogEvents returns it."""
    return {"timestamp": at_ms, "message": message, "logStreamName": "1"}


def row(at: str, message: str) -> list[dict[str, str]]:
    """A result of Logs Insights."""
    return [{"field": "@timestamp", "value": at}, {"field": "@message", "value": message}, {"field": "@ptr"}]


@pytest.fixture
def client() -> Any:
    """A client whose answers each test adds to `client.stubber`."""
    stage = deployed_stage()
    stubber = stubbed(stage, "logs")
    found = stage.client("logs")
    found.stubber = stubber
    return found


def page(stubber: Stubber, events: list[dict[str, Any]], token: str | None = None) -> None:
    """Add a page; `token` leads to the next one."""
    answer: dict[str, Any] = {"events": events}
    stubber.add_response("filter_log_events", {**answer, "nextToken": token} if token else answer)


def test_every_page_is_read_and_equal_lines_are_kept(client: Any):
    """A page may be empty, and two lines of one millisecond may be equal."""
    page(client.stubber, [event(1_000, "a"), event(1_000, "a")], "1")
    page(client.stubber, [], "2")
    page(client.stubber, [event(1_000, "a"), event(2_000, "b")])
    assert list(logs.lines(client, GROUP, since_ms=0, until_ms=9_000)) == ["a", "a", "a", "b"]
    client.stubber.assert_no_pending_responses()


def test_a_large_log_is_searched_by_a_query_without_repeats(client: Any, monkeypatch: pytest.MonkeyPatch):
    """The query starts at the second of the last line, whose lines it returns again."""
    monkeypatch.setattr(logs, "MAX_PAGES", 2)
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.0)
    page(client.stubber, [event(1_000, "id one")], "1")
    page(client.stubber, [event(61_001, "id two"), event(61_002, "id three")], "2")
    client.stubber.add_response(
        "start_query",
        {"queryId": "q"},
        {
            "logGroupName": GROUP,
            "startTime": 61,
            "endTime": 99,
            "queryString": 'fields @timestamp, @message | filter @message like "id" | sort @timestamp asc',
            "limit": logs.MAX_QUERY_RESULTS,
        },
    )
    client.stubber.add_response("get_query_results", {"status": "Running", "results": []})
    rows = [row("1970-01-01 00:01:01.001", "id two"), row("1970-01-01 00:01:01.002", "id three")]
    client.stubber.add_response("get_query_results", {"status": "Complete", "results": rows, "nextToken": "n"})
    rows = [row("1970-01-01 00:01:01.002", "id three"), row("1970-01-01 00:01:40.000", "id too late")]
    client.stubber.add_response(
        "get_query_results", {"status": "Complete", "results": rows}, {"queryId": "q", "nextToken": "n"}
    )
    found = logs.lines(client, GROUP, since_ms=0, until_ms=98_500, containing="id")
    assert list(found) == ["id one", "id two", "id three", "id three"]


def test_more_lines_than_one_query_returns_are_read_by_several(client: Any, monkeypatch: pytest.MonkeyPatch):
    """Each further query starts at the last line of the one before."""
    monkeypatch.setattr(logs, "MAX_PAGES", 1)
    monkeypatch.setattr(logs, "MAX_QUERY_RESULTS", 2)
    page(client.stubber, [], "1")
    for rows in (
        [row("1970-01-01 00:00:01.000", "a"), row("1970-01-01 00:00:01.000", "b")],
        [row("1970-01-01 00:00:01.000", "a"), row("1970-01-01 00:00:01.000", "b")],
    ):
        client.stubber.add_response("start_query", {"queryId": "q"}, {**QUERY, "limit": 2})
        client.stubber.add_response("get_query_results", {"status": "Complete", "results": rows})
    found = logs.lines(client, GROUP, since_ms=0, until_ms=9_000)
    assert [next(found), next(found)] == ["a", "b"]
    with pytest.raises(logs.LogSearchError, match="lines of one second"):
        next(found)


def test_a_query_that_fails_is_stopped_and_reported(client: Any, monkeypatch: pytest.MonkeyPatch):
    """The message says what to do."""
    monkeypatch.setattr(logs, "MAX_PAGES", 1)
    page(client.stubber, [], "1")
    client.stubber.add_response("start_query", {"queryId": "q"}, QUERY)
    client.stubber.add_response("get_query_results", {"status": "Timeout", "results": []})
    client.stubber.add_response("stop_query", {"success": False}, {"queryId": "q"})
    with pytest.raises(logs.LogSearchError, match="shorter time range"):
        list(logs.lines(client, GROUP, since_ms=0, until_ms=9_000))
    client.stubber.assert_no_pending_responses()


QUERY = {"logGroupName": GROUP, "startTime": ANY, "endTime": ANY, "queryString": ANY, "limit": ANY}


def test_a_search_for_any_of_several_terms(client: Any, monkeypatch: pytest.MonkeyPatch):
    """By one filter pattern, and by one query when the log is large."""
    monkeypatch.setattr(logs, "MAX_PAGES", 1)
    client.stubber.add_response(
        "filter_log_events",
        {"events": [event(1_000, "one"), event(1_000, "neither")], "nextToken": "1"},
        {"logGroupName": GROUP, "startTime": 0, "endTime": 9_000, "filterPattern": '?"one" ?"two"'},
    )
    condition = '| filter @message like "one" or @message like "two" | sort @timestamp asc'
    client.stubber.add_response(
        "start_query",
        {"queryId": "q"},
        {
            "logGroupName": GROUP,
            "startTime": 1,
            "endTime": 9,
            "queryString": f"fields @timestamp, @message {condition}",
            "limit": logs.MAX_QUERY_RESULTS,
        },
    )
    rows = [row("1970-01-01 00:00:01.000", "one"), row("1970-01-01 00:00:02.000", "two")]
    client.stubber.add_response("get_query_results", {"status": "Complete", "results": rows})
    found = logs.lines(client, GROUP, since_ms=0, until_ms=9_000, containing=("one", "two"))
    assert list(found) == ["one", "two"]


@pytest.mark.parametrize(
    "term", ['id" | limit 1', "id\\", 'id\\" | fields @log | filter @log like "', "id\n| limit 1"]
)
@pytest.mark.parametrize("alone", [True, False])
def test_a_term_cannot_become_a_part_of_the_query(client: Any, term: str, alone: bool):
    """An operator searches for the id that a user sent. Nothing is sent to CloudWatch."""
    containing = term if alone else ("first", term)
    with pytest.raises(BadRequestError, match="is no id"):
        list(logs.lines(client, GROUP, since_ms=0, until_ms=9_000, containing=containing))
