"""Save the emulator's state while it runs, not only when it is stopped cleanly.

AWS loses no data when a process ends. MiniStack (`core.persistence.save_all`, called at shutdown) loses all
changes since its start when its process is killed. This addition saves at an interval: on Linux a forked child
writes a consistent snapshot while the emulator continues to answer; on other systems a thread writes it. An
interval without requests saves nothing. Saving takes a hundredth of the time, whatever the size of the state, or
up to a tenth if the last save is five minutes old or the journal is long. Changes between two saves are in the
journal (`durability`), which goes back to the save before the last.
"""

import asyncio
import contextlib
import copy
import gc
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.emulator import patching
from local.emulator.copies import copies, workflow_copies
from local.emulator.deferred_writes import deferred_writes
from local.emulator.persistence.durability import Durability
from local.emulator.persistence.saved_state import SavedState

logger = logging.getLogger("parley.state")

FORKS = sys.platform == "linux"
MAX_SAVE_SECONDS = 120.0
PAUSE_SECONDS_PER_SECOND_OF_SAVING = 99.0
MIN_PAUSE_SECONDS_PER_SECOND_OF_SAVING = 9.0
MAX_PAUSE_SECONDS = 300.0
MAX_JOURNAL_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 1.0
CHILD_NICENESS = 10


class StateSaving:
    """Saves the state at an interval. MiniStack itself saves it once more when it is stopped."""

    def __init__(
        self, interval_seconds: float, activity: Callable[[], int], durability: Durability, saved: SavedState
    ) -> None:
        self._interval = interval_seconds
        self._saved = saved
        self._durability = durability
        self._activity = activity
        self._saved_activity = 0
        self._took = 0.0
        self._lock = asyncio.Lock()
        patching.original("app", "_build_persistence_save_dict")

    async def run(self) -> None:
        """Save after each interval that had any activity, until cancelled."""
        ended = time.monotonic()
        while True:
            await asyncio.sleep(min(self._interval, LOOK_SECONDS))
            if not self.is_due(time.monotonic() - ended, self._durability.journal_bytes):
                continue
            try:
                await self.save()
            except Exception:
                logger.exception("Saving the state failed; the next attempt is after the next interval")
            ended = time.monotonic()

    def is_due(self, seconds: float, journal_bytes: int) -> bool:
        """Whether to save now, `seconds` after the last save, with `journal_bytes` in the journal since."""
        shortest = max(self._interval, self._took * MIN_PAUSE_SECONDS_PER_SECOND_OF_SAVING)
        longest = max(shortest, MAX_PAUSE_SECONDS)
        is_long = journal_bytes > MAX_JOURNAL_BYTES
        pause = shortest if is_long else self._took * PAUSE_SECONDS_PER_SECOND_OF_SAVING
        return seconds >= min(max(pause, shortest), longest)

    async def save(self) -> bool:
        """Save the state now, while the emulator runs; False when there was no activity since the last save."""
        async with self._lock:
            activity = self._activity()
            if activity == self._saved_activity:
                return False
            began = time.monotonic()
            deferred_writes.flush()
            segment = self._durability.before_saving()
            if FORKS:
                await self._save_in_child(segment)
            else:
                await asyncio.to_thread(self.save_here, segment)
            self._durability.after_saving(segment)
            self._saved_activity = activity
            self._took = time.monotonic() - began
            logger.info("State saved in %.1f s", self._took)
            return True

    def save_here(self, segment: int) -> None:
        """Write the state in this process. `segment` is the journal's first segment that comes after it."""
        self._saved.save_all(patching.module("app")._build_persistence_save_dict(), segment=segment)

    async def _save_in_child(self, segment: int) -> None:
        child = self._fork(segment)
        deadline = time.monotonic() + MAX_SAVE_SECONDS
        while (status := exit_status(child)) is None:
            await asyncio.sleep(0.02)
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                await asyncio.to_thread(os.waitpid, child, 0)
                raise TimeoutError(f"the saving process did not finish in {MAX_SAVE_SECONDS:.0f} s")
        if status:
            raise RuntimeError(f"the saving process ended with status {status}")

    def _fork(self, segment: int) -> int:
        """Fork a child that writes the current state and exits; returns its process id."""
        with warnings.catch_warnings():
            # The child needs no lock that another thread may have held: it reads stores and writes files.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            try:
                logging.disable(logging.CRITICAL)
                # The child competes with the chat for the processor, ends soon, and nothing changes its state.
                os.nice(CHILD_NICENESS)
                gc.disable()
                copy.deepcopy = without_copying  # type: ignore[assignment]
                copies.deepcopy = workflow_copies.deepcopy = without_copying
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                # The child must not keep the port and the functions' sockets open if the emulator is killed.
                for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
                    if descriptor > 2:
                        with contextlib.suppress(OSError):
                            os.close(descriptor)
                self.save_here(segment)
                status = 0
            finally:
                os._exit(status)
        return child


def without_copying(value: Any, _memo: dict[int, Any] | None = None, _nil: Any = None) -> Any:
    """Replaces `copy.deepcopy` in a child: MiniStack copies the state of each service before it is written."""
    return value


def exit_status(child: int) -> int | None:
    """The exit status of a child; None while it runs."""
    finished, status = os.waitpid(child, os.WNOHANG)
    return status if finished else None


class ActivityCounter:
    """Counts requests and frames that may have changed the state. Any thread may add to it."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """Count one request or frame."""
        with self._lock:
            self._count += 1

    def value(self) -> int:
        """The count so far."""
        return self._count
