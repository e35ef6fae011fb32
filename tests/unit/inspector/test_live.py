"""The live feed: why it has nothing, and each run once, also if its lines are late."""

import asyncio
from collections.abc import Container, Sequence
from typing import cast

import pytest
from botocore.exceptions import ClientError

from inspector.live import (
    DEPLOYED_LOG_DELAY_SECONDS,
    MAX_WAITING_ITEMS,
    EndedRuns,
    Item,
    Listener,
    LiveFeed,
)
from inspector.models import Gap, Problem
from ops import times
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog
from tests.unit.ops.stages import deployed_stage

pytestmark = pytest.mark.anyio

DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "User: x is not authorized to perform: events:PutRule"}},
    "PutRule",
)


async def test_a_problem_is_posted_once_and_taken_back(monkeypatch: pytest.MonkeyPatch):
    """A page that is opened while there is a problem gets it too."""
    feed = LiveFeed(deployed_stage())
    monkeypatch.setattr(feed, "_watch_events", lambda: None)
    monkeypatch.setattr(feed, "_watch_runs", lambda: None)

    async def posted(listener) -> list[str | None]:
        problems = [item.answer for item in await listener.next(1) if isinstance(item.answer, Problem)]
        return [problem.message for problem in problems]

    first = feed.join()
    feed._note("events", DENIED)
    feed._note("events", DENIED)
    [message] = await posted(first)
    assert "events:PutRule" in str(message)
    second = feed.join()
    assert await posted(second) == [message]
    feed._note("events", None)
    assert [await posted(first), await posted(second)] == [[None], [None]]
    assert await posted(feed.join()) == []
    feed.close()


async def test_a_page_that_does_not_read_loses_the_oldest_items():
    """The number of those that it has missed comes first, once."""
    listener = Listener(asyncio.get_running_loop())
    items = [Item("problem", Problem(source="runs", message=str(number))) for number in range(502)]
    listener.put(items[:300])
    listener.put(items[300:])
    # Both calls are due before this coroutine goes on.
    await asyncio.sleep(0)
    assert await listener.next(1) == [Item("gap", Gap(missed=2)), *items[2:]]
    assert len(items[2:]) == MAX_WAITING_ITEMS == 500
    listener.put(items[:1])
    assert await listener.next(1) == items[:1]


class Log:
    """A workflow's log: runs by the time at which their lines are in it, and the time of their last line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runs: Sequence[tuple[str, int, int]]) -> None:
        self.now_ms = 1_000_000
        self.is_broken = False
        self._runs = runs
        monkeypatch.setattr(times, "now", lambda: self.now_ms)

    def ended_since(self, since_ms: int, *, known: Container[str]) -> list[Execution]:
        """See `RunLog.ended_since`."""
        if self.is_broken:
            raise DENIED
        return [
            Execution(arn, ended_ms, ended_ms=ended_ms)
            for arn, ended_ms, ingested_ms in self._runs
            if since_ms <= ended_ms and ingested_ms <= self.now_ms and arn not in known
        ]

    def read(self, runs: EndedRuns, *, at_ms: int) -> list[str]:
        """The runs that are read at a time."""
        self.now_ms = at_ms
        return [run.execution_arn for run in runs.read()]


def test_a_run_whose_lines_are_late_is_shown_once(monkeypatch: pytest.MonkeyPatch):
    """CloudWatch Logs does not ingest the lines of one time together."""
    log = Log(monkeypatch, [("late", 1_002_000, 1_062_000), ("early", 1_003_000, 1_004_000)])
    runs = EndedRuns(cast(RunLog, log), DEPLOYED_LOG_DELAY_SECONDS)
    found = [log.read(runs, at_ms=at_ms) for at_ms in range(1_000_000, 1_200_000, 5_000)]
    assert [arns for arns in found if arns] == [["early"], ["late"]]


def test_no_run_is_shown_twice_however_many_there_are(monkeypatch: pytest.MonkeyPatch):
    """Those that the next read would find again are remembered, and no others."""
    log = Log(monkeypatch, [(f"run-{number}", 1_000_000 + number, 1_000_000) for number in range(5_000)])
    runs = EndedRuns(cast(RunLog, log), DEPLOYED_LOG_DELAY_SECONDS)
    found = [arn for at_ms in range(1_005_000, 1_300_000, 5_000) for arn in log.read(runs, at_ms=at_ms)]
    assert len(found) == len(set(found)) == 5_000
    assert not runs._ended_ms


def test_what_ended_while_the_log_could_not_be_read_is_shown(monkeypatch: pytest.MonkeyPatch):
    """Of the last ten minutes: a machine that has slept does not read the whole night."""
    log = Log(monkeypatch, [("long ago", 1_001_000, 1_001_000), ("meanwhile", 1_500_000, 1_500_000)])
    runs = EndedRuns(cast(RunLog, log), DEPLOYED_LOG_DELAY_SECONDS)
    log.is_broken = True
    for at_ms in range(1_005_000, 1_700_000, 5_000):
        with pytest.raises(ClientError):
            log.read(runs, at_ms=at_ms)
    log.is_broken = False
    assert log.read(runs, at_ms=1_700_000) == ["meanwhile"]


def test_a_deployed_log_is_read_every_five_seconds(monkeypatch: pytest.MonkeyPatch):
    """An account and region has a few calls of FilterLogEvents per second."""
    feed, pauses = LiveFeed(deployed_stage()), list[float]()
    monkeypatch.setattr(EndedRuns, "read", lambda _: [])
    monkeypatch.setattr(LiveFeed, "_is_needed", property(lambda _: not pauses))
    monkeypatch.setattr(feed._closed, "wait", pauses.append)
    feed._watch_runs()
    assert pauses == [5.0]
