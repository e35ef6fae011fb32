"""The live list of runs knows what a run did before the list asked."""

from collections.abc import Iterator

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
