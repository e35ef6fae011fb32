"""Save the emulator's state while it runs, not only when it is stopped cleanly.

AWS loses nothing when a process dies; MiniStack (`core.persistence.save_all`, called at shutdown) loses
everything since its start. On Linux a forked child writes a consistent picture while the emulator goes on
answering; elsewhere it is written in a thread. An interval in which nothing was asked of the emulator writes
nothing, and however much there is to save, no more than a tenth of the time goes into it. What is acknowledged
between two saves is in the journal (`durability`), which each save cuts short.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from local.emulator import patching
from local.emulator.persistence.durability import Durability

logger = logging.getLogger("parley.state")

FORKS = sys.platform == "linux"
CHILD_SECONDS = 120.0
PAUSE_PER_SECOND_SAVING = 9.0


class StateSaving:
    """Writes the state every so often, and once more at the end."""

    def __init__(self, interval_seconds: float, activity: Callable[[], int], durability: Durability) -> None:
        self._interval = interval_seconds
        self._durability = durability
        self._activity = activity
        self._saved_activity = 0
        self._took = 0.0
        self._lock = asyncio.Lock()
        for name in ("save_all", "_build_persistence_save_dict"):
            patching.original("app", name)

    async def run(self) -> None:
        """Save at every interval that had any activity, until cancelled."""
        while True:
            await asyncio.sleep(max(self._interval, self._took * PAUSE_PER_SECOND_SAVING))
            try:
                await self.save()
            except Exception:
                logger.exception("Saving the state failed; it is tried again at the next interval")

    async def save(self) -> bool:
        """Write the state now, beside the running emulator; False when nothing happened since the last time."""
        async with self._lock:
            activity = self._activity()
            if activity == self._saved_activity:
                return False
            began = time.monotonic()
            segment = self._durability.before_saving()
            if FORKS:
                await self._save_in_child()
            else:
                await asyncio.to_thread(self.save_here)
            self._durability.after_saving(segment)
            self._saved_activity = activity
            self._took = time.monotonic() - began
            logger.info("State saved in %.1f s", self._took)
            return True

    def save_here(self) -> None:
        """Write the state in this process."""
        app = patching.module("app")
        app.save_all(app._build_persistence_save_dict())

    async def _save_in_child(self) -> None:
        child = self._fork()
        deadline = time.monotonic() + CHILD_SECONDS
        while (status := ended_with(child)) is None:
            await asyncio.sleep(0.02)
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                await asyncio.to_thread(os.waitpid, child, 0)
                raise TimeoutError(f"the saving process did not finish in {CHILD_SECONDS:.0f} s")
        if status:
            raise RuntimeError(f"the saving process ended with status {status}")

    def _fork(self) -> int:
        """The process id of a child that writes the state as it is now, and ends."""
        with warnings.catch_warnings():
            # The child takes no lock that another thread may have held: it reads stores and writes files.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            try:
                logging.disable(logging.CRITICAL)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                # Should the emulator be killed meanwhile, its port and its functions' sockets must go with it.
                for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
                    if descriptor > 2:
                        with contextlib.suppress(OSError):
                            os.close(descriptor)
                self.save_here()
                status = 0
            finally:
                os._exit(status)
        return child


def ended_with(child: int) -> int | None:
    """The status of a child that has ended, None while it runs."""
    finished, status = os.waitpid(child, os.WNOHANG)
    return status if finished else None


class ActivityCounter:
    """Counts what may have changed the state; threads and the event loop both add to it."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """One more request or frame."""
        with self._lock:
            self._count += 1

    def value(self) -> int:
        """How many so far."""
        return self._count
