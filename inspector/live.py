"""The live feed: events and ended runs, for every open page of the inspector. Pages share one tail.

One thread polls the tail's queue for events, another the workflow's log for ended runs; both run while there are
listeners. Each page has a bounded queue: when it is full the oldest items are dropped, and a `gap` says how many.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from inspector.models import Gap, Problem
from ops import refusals, times
from ops.errors import OpsError
from ops.events.tail import MAX_EVENTS_PER_POLL, open_tail
from ops.events.texts import Texts
from ops.models import PublishedEvent, RunSummary
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage

Source = Literal["events", "runs"]

logger = logging.getLogger("parley.inspector")

MAX_WAITING_ITEMS = 500
LINGER_SECONDS = 5.0
"""How long the threads go on after the last page was closed, so that a reload does not create another tail."""
RUNS_EVERY_SECONDS = 2.0
DEPLOYED_RUNS_EVERY_SECONDS = 5.0
"""All clients of an account and region share a few calls of FilterLogEvents per second."""
LOG_DELAY_SECONDS = 1.0
"""A line may appear in the log this long after its own time."""
DEPLOYED_LOG_DELAY_SECONDS = 90.0
"""On AWS, lines are ingested in no order, and a line may be found by its time only after later ones."""
LONGEST_LOOK_BACK_SECONDS = 600.0
"""The longest time that one read of the log covers, after a failure, or when this machine has slept."""
GATHER_SECONDS = 0.4
RETRY_SECONDS = 2.0
STOP_SECONDS = 10.0
"""How long the deletion of the tail may take. What remains is deleted by the next tail."""
DEPLOYED_RETRY_SECONDS = 30.0
"""A tail is a rule and a queue, which are created again at each attempt."""


@dataclass(frozen=True)
class Item:
    """One item of the feed; its kind is the name of the server-sent event."""

    kind: Literal["event", "run", "problem", "gap"]
    answer: PublishedEvent | RunSummary | Problem | Gap


@dataclass(eq=False)
class Listener:
    """One open page. Only its own event loop uses it, except for `put`."""

    loop: asyncio.AbstractEventLoop
    waiting: deque[Item] = field(default_factory=deque)
    missed: int = 0
    has_items: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, items: Iterable[Item]) -> None:
        """Add items, from any thread. Raises RuntimeError if the loop is closed."""
        self.loop.call_soon_threadsafe(self._put, list(items))

    def _put(self, items: list[Item]) -> None:
        self.waiting.extend(items)
        while len(self.waiting) > MAX_WAITING_ITEMS:
            self.waiting.popleft()
            self.missed += 1
        self.has_items.set()

    async def next(self, timeout_seconds: float) -> list[Item]:
        """Wait for items and return all that are waiting; none after the timeout."""
        try:
            await asyncio.wait_for(self.has_items.wait(), timeout_seconds)
        except TimeoutError:
            return []
        self.has_items.clear()
        items = [Item("gap", Gap(missed=self.missed))] if self.missed else []
        items += self.waiting
        self.waiting.clear()
        self.missed = 0
        return items


class LiveFeed:
    """The two threads that watch the stage, and the listeners that they post to."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._left_at = 0.0
        self._problems: dict[Source, str | None] = {}
        self._closed = threading.Event()

    def join(self) -> Listener:
        """Add a listener for the running event loop; starts the threads."""
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
            listener.put(_problem(source, message) for source, message in self._problems.items() if message)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            running = {thread.name for thread in self._threads}
            for name, work in (("inspector-events", self._watch_events), ("inspector-runs", self._watch_runs)):
                if name not in running:
                    thread = threading.Thread(target=work, daemon=True, name=name)
                    self._threads.append(thread)
                    thread.start()
        return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        with self._lock:
            self._listeners.discard(listener)
            self._left_at = time.monotonic()

    @property
    def is_ended(self) -> bool:
        """Whether `end` was called."""
        return self._closed.is_set()

    def end(self) -> None:
        """Let the stream of every open page end, and the threads; does not wait for them."""
        self._closed.set()
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            with contextlib.suppress(RuntimeError):  # its event loop is closed
                listener.put(())

    def close(self) -> None:
        """End the streams, and wait until the threads have deleted the tail."""
        self.end()
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    @property
    def _is_needed(self) -> bool:
        with self._lock:
            has_listeners = bool(self._listeners)
        lingers = time.monotonic() - self._left_at < LINGER_SECONDS
        return not self._closed.is_set() and (has_listeners or lingers)

    def _post(self, items: list[Item]) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners if items else ():
            try:
                listener.put(items)
            except RuntimeError:  # the event loop is closed: the server is stopping
                self.leave(listener)

    def _note(self, source: Source, failure: Exception | None) -> None:
        """Post why a source has no items, or that it works again; each once."""
        message = None if failure is None else _sentence(failure)
        with self._lock:
            is_known = self._problems.get(source) == message
            self._problems[source] = message
        if not is_known:
            self._post([_problem(source, message)])

    def _watch_events(self) -> None:
        while self._is_needed:
            try:
                texts = Texts(self._stage)
                with open_tail(self._stage) as tail:
                    self._note("events", None)
                    while self._is_needed:
                        events = tail.poll()
                        self._post(
                            [Item("event", PublishedEvent.model_validate(texts.opened(event))) for event in events]
                        )
                        if len(events) < MAX_EVENTS_PER_POLL:
                            # Fewer, larger requests: each takes processor time from the stage that is watched.
                            self._closed.wait(GATHER_SECONDS)
            except (ClientError, BotoCoreError, OpsError, ValueError) as fault:
                # Such as an emulator that is restarting, or a missing right: open another tail after a while.
                logger.info("The inspector's tail ended: %s", fault)
                self._note("events", fault)
                self._closed.wait(RETRY_SECONDS if self._stage.is_local else DEPLOYED_RETRY_SECONDS)

    def _watch_runs(self) -> None:
        is_local = self._stage.is_local
        runs = EndedRuns(RunLog(self._stage), LOG_DELAY_SECONDS if is_local else DEPLOYED_LOG_DELAY_SECONDS)
        # What ended before is in the list that the page loads.
        self._read(runs)
        while self._is_needed:
            self._post([Item("run", RunSummary.model_validate(run)) for run in self._read(runs)])
            self._closed.wait(RUNS_EVERY_SECONDS if is_local else DEPLOYED_RUNS_EVERY_SECONDS)

    def _read(self, runs: "EndedRuns") -> list[Execution]:
        try:
            found = runs.read()
        except (ClientError, BotoCoreError, OpsError) as fault:
            self._note("runs", fault)
            return []
        self._note("runs", None)
        return found


class EndedRuns:
    """Reads runs that have ended from the workflow's log, each once.

    Each read looks `delay_seconds` further back than the last one that succeeded, because lines are ingested late.
    """

    def __init__(self, log: RunLog, delay_seconds: float) -> None:
        self._log = log
        self._delay_ms = int(delay_seconds * 1000)
        self._read_at_ms = times.now()
        self._ended_ms: dict[str, int] = {}
        """When the runs ended that were read, by ARN: those that another read would find again."""

    def read(self) -> list[Execution]:
        """The runs that no earlier read has returned."""
        now_ms = times.now()
        since_ms = max(self._read_at_ms - self._delay_ms, now_ms - int(LONGEST_LOOK_BACK_SECONDS * 1000))
        found = self._log.ended_since(since_ms, known=self._ended_ms)
        self._read_at_ms = now_ms
        self._ended_ms = {arn: ended_ms for arn, ended_ms in self._ended_ms.items() if ended_ms >= since_ms}
        self._ended_ms |= {run.execution_arn: run.ended_ms or now_ms for run in found}
        return found


def _problem(source: Source, message: str | None) -> Item:
    return Item("problem", Problem(source=source, message=message))


def _sentence(failure: Exception) -> str:
    return refusals.sentence(failure) if isinstance(failure, ClientError | BotoCoreError) else str(failure)
