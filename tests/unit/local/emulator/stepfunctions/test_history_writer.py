"""An execution's history is written while it runs and when it ends, and each event once."""

import time
from typing import Any

import pytest

from local.emulator.deferred_writes import deferred_writes
from local.emulator.stepfunctions import history_writer
from local.emulator.stepfunctions.history_writer import HistoryWriter
from tests.waiting import wait_until


class Log:
    """The events that were written. A write can be made to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[int] = []
        self.failures = 0
        monkeypatch.setattr(history_writer, "write_history", self.write)

    def write(self, _execution: Any, _machine: Any, events: list[int], **_: Any) -> None:
        """Take the place of `write_history`."""
        if self.failures:
            self.failures -= 1
            raise OSError("no log group")
        self.events += events


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """The log of one test."""
    return Log(monkeypatch)


def execution(*events: int) -> dict[str, Any]:
    return {"executionArn": "arn:a", "events": list(events)}


def test_a_long_execution_is_written_before_it_ends(log: Log):
    """The rest follows at its end."""
    writer, running = HistoryWriter(0.01), execution(1, 2)
    writer.began(running, {}, time.time() - 10)
    wait_until(lambda: log.events == [1, 2], "the first events were written")
    running["events"] += [3, 4]
    wait_until(lambda: log.events == [1, 2, 3, 4], "the next events were written")
    running["events"].append(5)
    writer.ended(running)
    deferred_writes.flush()
    assert log.events == [1, 2, 3, 4, 5]


def test_a_short_execution_is_written_at_its_end(log: Log):
    """Once: its thread writes nothing again."""
    writer, short, long = HistoryWriter(0.01), execution(1, 2), execution(9)
    writer.began(short, {}, time.time() + 100)
    writer.ended(short)
    deferred_writes.flush()
    assert log.events == [1, 2]
    writer.began(long, {}, time.time() - 10)
    wait_until(lambda: 9 in log.events, "a later execution was written")
    assert log.events == [1, 2, 9]


def test_an_execution_that_begins_again_after_a_crash_is_written_once(log: Log):
    """Its history goes on."""
    writer, running = HistoryWriter(0.01), execution(1)
    writer.began(running, {}, time.time() - 10)
    wait_until(lambda: log.events == [1], "the first event was written")
    running["events"].append(2)
    writer.began(running, {}, time.time())
    writer.ended(running)
    deferred_writes.flush()
    assert log.events == [1, 2]


def test_a_failed_write_is_repeated(log: Log):
    """It does not end the thread."""
    log.failures = 2
    writer, running = HistoryWriter(0.01), execution(1)
    writer.began(running, {}, time.time() - 10)
    wait_until(lambda: log.events == [1], "the event was written")
    writer.ended(running)
    deferred_writes.flush()
    assert log.events == [1]
