"""An archive as AWS has it: an event is in it ten minutes after it occurred."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from ops import times
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.stage.stage import Stage


class LaggingArchive:
    """Events that reach the archive late, by a clock that only sleeping moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, events: Sequence[BusEvent], *, now_ms: int) -> None:
        self.events = events
        self.now_ms = now_ms
        monkeypatch.setattr(times, "now", lambda: self.now_ms)
        monkeypatch.setattr(time, "sleep", self._sleep)
        monkeypatch.setattr(archive, "start_ms", lambda _: 0)
        monkeypatch.setattr(archive, "complete_until_ms", lambda _: self.now_ms - archive.LAG_MS)
        monkeypatch.setattr(archive, "read", self._read)

    def _sleep(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    def _read(
        self,
        _stage: Stage,
        wanted: EventFilter,
        *,
        since_ms: int,
        until_ms: int,
        keep: archive.Keep = lambda _: True,
        **_: Any,
    ) -> list[BusEvent]:
        until_ms = min(until_ms, self.now_ms - archive.LAG_MS)
        in_range = [event for event in self.events if since_ms <= event.occurred_ms < until_ms]
        return [event for event in in_range if wanted.matches(event) and keep(event)]
