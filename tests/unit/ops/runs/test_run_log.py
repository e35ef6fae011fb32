"""The live list of runs knows what a run did before the list asked."""

from collections.abc import Iterator, Sequence

import pytest

from ops.runs.history import HistoryEvent
from ops.runs.run_log import RunLog
from tests.unit.ops.runs.test_history import line, two_batches
from tests.unit.ops.stages import deployed_stage

MINUTE_MS = 60_000


def test_a_run_that_took_minutes_is_shown_with_the_connections_that_it_did_not_reach(
    monkeypatch: pytest.MonkeyPatch,
):
    """Its start and its failed posts are older than the lines that the live list reads."""
    *started, _ = two_batches(second_fails=True)
    logged = [*started, line(99, 1, "ExecutionSucceeded", 4 * MINUTE_MS, output={"outcome": "delivered"})]

    def lines(
        _log: RunLog, since_ms: int, until_ms: int, run_id: str | None = None, *, pattern: str = ""
    ) -> Iterator[HistoryEvent]:
        found = (each for each in logged if since_ms <= each.at_ms < until_ms)
        if run_id:
            return found
        return (
            each for each in found if f'"{each.type}"' in pattern or f'"{each.details.get("name")}"' in pattern
        )

    monkeypatch.setattr(RunLog, "_lines", lines)
    (run,) = RunLog(deployed_stage()).ended_since(4 * MINUTE_MS - 1_000)
    assert (run.status, run.undelivered, run.troubled) == ("SUCCEEDED", 1, True)


def test_a_run_that_is_known_is_not_read_again(monkeypatch: pytest.MonkeyPatch):
    """The live list reads the same minute of the log several times."""
    logged = [*two_batches(second_fails=True)[:-1], line(99, 1, "ExecutionSucceeded", 4 * MINUTE_MS, output={})]
    reads: list[int] = []

    def lines(
        _log: RunLog, since_ms: int, until_ms: int, *_: str, pattern: str | None = None
    ) -> Iterator[HistoryEvent]:
        reads.append(since_ms)
        return (each for each in logged if since_ms <= each.at_ms < until_ms)

    monkeypatch.setattr(RunLog, "_lines", lines)
    known = {each.execution_arn for each in logged}
    assert not RunLog(deployed_stage()).ended_since(4 * MINUTE_MS - 1_000, known=known)
    assert len(reads) == 1


def test_troubled_runs_are_read_several_at_once(monkeypatch: pytest.MonkeyPatch):
    """One call for each run would be slow: CloudWatch Logs allows five calls per second. The newest come first."""
    logged = []
    for number in range(50):
        arn, at_ms = f"arn:deliver:{number:02}", number * MINUTE_MS // 10
        for position, kind in enumerate(("ExecutionStarted", "ExecutionFailed")):
            logged.append(HistoryEvent(arn, position + 1, position, kind, at_ms + position, {}))
    reads: list[Sequence[str]] = []

    def lines(
        _log: RunLog, since_ms: int, until_ms: int, containing: str | Sequence[str] = ()
    ) -> Iterator[HistoryEvent]:
        if isinstance(containing, str):
            return (each for each in logged if each.type == containing)
        reads.append(containing)
        return (
            each
            for each in logged
            if since_ms <= each.at_ms < until_ms and each.execution_arn.rpartition(":")[2] in containing
        )

    monkeypatch.setattr(RunLog, "_lines", lines)
    found = RunLog(deployed_stage()).troubled(since_ms=0, until_ms=60 * MINUTE_MS, limit=30)
    assert [run.run_id for run in found] == [f"{number:02}" for number in range(49, 19, -1)]
    assert len(reads) == 2
