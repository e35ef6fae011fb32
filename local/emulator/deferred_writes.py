"""Write logs, histories and traces shortly after the calls that they are about.

On AWS, CloudWatch Logs and X-Ray have them seconds later, and nothing waits for them. Here they would take
processor time from the next step of a message. They are written every COLLECT_SECONDS, together, which takes less
time than one by one; and before the emulator answers a request that could read them, so that no reader misses any.
"""

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("parley.logs")

COLLECT_SECONDS = 0.05
MAX_WAITING = 1_000
"""When so many wait, the next caller writes them: the thread does not keep up."""


class DeferredWrites:
    """The writes that have not been made yet. Any thread may add one; they are made in this order."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[contextvars.Context, Callable[..., None], tuple[Any, ...]]] = deque()
        self._has_waiting = threading.Event()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def add(self, write: Callable[..., None], *arguments: Any) -> None:
        """Make a write soon, with the context variables of the caller, such as the account and region."""
        self._waiting.append((contextvars.copy_context(), write, arguments))
        if len(self._waiting) > MAX_WAITING:
            self.flush()
        elif not self._has_waiting.is_set():
            self._has_waiting.set()
            self._start_thread()

    def flush(self) -> None:
        """Make all writes that wait, and return when the one that another thread is making has been made too."""
        with self._lock:
            while self._waiting:
                context, write, arguments = self._waiting.popleft()
                try:
                    context.run(write, *arguments)
                except Exception:
                    logger.exception("A log, a history or a trace was not written")

    def _start_thread(self) -> None:
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="deferred-writes")
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._has_waiting.wait()
            time.sleep(COLLECT_SECONDS)
            self._has_waiting.clear()
            self.flush()


deferred_writes = DeferredWrites()
