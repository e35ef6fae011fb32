"""What happens now, for every page of the inspector that is open: one tail for all of them, none without any.

A thread waits for events on the tail's queue, another looks at the workflow's log for runs that ended. Each page
has a queue of its own; whoever reads too slowly loses what is oldest, and is told how much.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError
from ops.events.tail import MOST_AT_ONCE, open_tail
from ops.runs.history import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage

logger = logging.getLogger("parley.inspector")

KEPT = 500
LINGER_SECONDS = 5.0
RUNS_EVERY_SECONDS = 2.0
# A line carries the time of what it tells, and is there a little later.
LATE_SECONDS = 1.0
GATHER_SECONDS = 0.4
RETRY_SECONDS = 2.0
REMEMBERED_RUNS = 2_000

News = tuple[str, dict[str, Any]]


@dataclass(eq=False)
class Listener:
    """One open page. Only its own event loop touches it."""

    loop: asyncio.AbstractEventLoop
    waiting: deque[News] = field(default_factory=deque)
    missed: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, news: Iterable[News]) -> None:
        """Take news from another thread."""
        self.loop.call_soon_threadsafe(self._put, list(news))

    def _put(self, news: list[News]) -> None:
        self.waiting.extend(news)
        while len(self.waiting) > KEPT:
            self.waiting.popleft()
            self.missed += 1
        self.news.set()

    async def next(self, patience_seconds: float) -> list[News]:
        """What came since the last time; empty when nothing did."""
        try:
            await asyncio.wait_for(self.news.wait(), patience_seconds)
        except TimeoutError:
            return []
        self.news.clear()
        found: list[News] = [("gap", {"missed": self.missed})] if self.missed else []
        found += self.waiting
        self.waiting.clear()
        self.missed = 0
        return found


class LiveNews:
    """The tail and the watch over runs, which live while there are listeners."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._left_at = 0.0
        self._closed = threading.Event()

    def join(self) -> Listener:
        """Another page, in the event loop that runs."""
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            running = {thread.name for thread in self._threads}
            for name, work in (("inspector-events", self._watch_events), ("inspector-runs", self._watch_runs)):
                if name not in running:
                    thread = threading.Thread(target=work, daemon=True, name=name)
                    self._threads.append(thread)
                    thread.start()
        return listener

    def leave(self, listener: Listener) -> None:
        """A page that was closed."""
        with self._lock:
            self._listeners.discard(listener)
            self._left_at = time.monotonic()

    def close(self) -> None:
        """End the tail, wherever it is."""
        self._closed.set()
        for thread in self._threads:
            thread.join(3)

    @property
    def _is_wanted(self) -> bool:
        with self._lock:
            has_listeners = bool(self._listeners)
        lingers = time.monotonic() - self._left_at < LINGER_SECONDS
        return not self._closed.is_set() and (has_listeners or lingers)

    def _tell(self, news: list[News]) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners if news else ():
            try:
                listener.put(news)
            except RuntimeError:  # its loop is closed: the front door is stopping
                self.leave(listener)

    def _watch_events(self) -> None:
        while self._is_wanted:
            try:
                with open_tail(self._stage) as tail:
                    while self._is_wanted:
                        events = tail.poll()
                        self._tell([("event", event.as_json()) for event in events])
                        if len(events) < MOST_AT_ONCE:
                            # So that many come with one request: each takes time from what is watched.
                            self._closed.wait(GATHER_SECONDS)
            except (ClientError, BotoCoreError, OpsError, ValueError) as fault:
                # The emulator is being restarted: the tail is made anew when it answers.
                logger.info("The inspector's tail ended: %s", fault)
                self._closed.wait(RETRY_SECONDS)

    def _watch_runs(self) -> None:
        log, seen = RunLog(self._stage), deque[str](maxlen=REMEMBERED_RUNS)
        looked_at = time.time()
        seen.extend(run.arn for run in self._ended(log, looked_at))
        while self._is_wanted:
            since, looked_at = looked_at, time.time()
            fresh = [run for run in self._ended(log, since) if run.arn not in seen]
            seen.extend(run.arn for run in fresh)
            self._tell([("run", run.summary()) for run in fresh])
            self._closed.wait(RUNS_EVERY_SECONDS)

    @staticmethod
    def _ended(log: RunLog, since: float) -> list[Execution]:
        try:
            return log.ended_since(int((since - LATE_SECONDS) * 1000))
        except (ClientError, BotoCoreError):
            return []
