"""Write the history of each Express execution: soon after it ends, and every second while it runs.

On AWS, lines are delivered on a best-effort basis, without a guarantee of completeness or time, so readers meet
executions whose end is not logged yet: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html. Most
executions end within the first second, and are written once.
"""

import contextvars
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from local.emulator.deferred_writes import deferred_writes
from local.emulator.stepfunctions.history_logs import Execution, write_history

logger = logging.getLogger("parley.workflows")

INTERVAL_SECONDS = 1.0


@dataclass
class RunningExecution:
    """An execution that has not ended, and how many of its events are written."""

    execution: Execution
    machine: dict[str, Any]
    began: float
    context: contextvars.Context
    """The account and region of the execution, for the writer's thread."""
    written: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, at: float) -> None:
        """Write the events since the last call, as they were logged at a time (epoch seconds)."""
        with self.lock:
            events = self.execution["events"][self.written :]
            first_at = at if self.written else self.began
            write_history(self.execution, self.machine, events, began=self.began, first_at=first_at, last_at=at)
            self.written += len(events)


class HistoryWriter:
    """Writes the histories. Its thread waits without work while no execution runs."""

    def __init__(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        self._interval_seconds = interval_seconds
        self._running: dict[str, RunningExecution] = {}
        self._has_running = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="histories").start()

    def began(self, execution: Execution, machine: dict[str, Any], at: float) -> None:
        """Called when an execution begins (epoch seconds), or begins again after a crash."""
        running = RunningExecution(execution, machine, at, contextvars.copy_context())
        self._running.setdefault(execution["executionArn"], running)
        self._has_running.set()

    def ended(self, execution: Execution) -> None:
        """Write the rest of the history of an execution that has ended, soon."""
        deferred_writes.add(self._running.pop(execution["executionArn"]).write, time.time())

    def _run(self) -> None:
        while True:
            self._has_running.wait()
            time.sleep(self._interval_seconds)
            self._has_running.clear()
            long_ago = time.time() - self._interval_seconds
            for running in list(self._running.values()):
                self._has_running.set()
                if running.began > long_ago:
                    continue
                try:
                    running.context.run(running.write, time.time())
                except Exception:
                    logger.exception("The history of %s was not written", running.execution["executionArn"])
