"""Restart an emulator that ends while its stage runs."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import NoReturn

from local.emulator_process import EmulatorProcess
from local.errors import LocalStageError
from local.progress import Progress
from local.state_directory import StateDirectory

MAX_RESTARTS = 5
RESTARTS_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.2


async def keep_running(
    emulator: EmulatorProcess, state: StateDirectory, progress: Progress, on_restart: Callable[[], None]
) -> NoReturn:
    """Restart the emulator from its saved state whenever it ends, and call `on_restart` once it answers.

    Raises LocalStageError when it ends again after MAX_RESTARTS within RESTARTS_WITHIN_SECONDS. While the state
    directory's `hold_emulator` file exists, the emulator stays down, and its end is not counted.
    """
    restarts: list[float] = []
    was_held = False
    while True:
        await asyncio.sleep(POLL_SECONDS)
        if not emulator.has_ended():
            continue
        if state.hold_emulator.exists():
            was_held = True
            continue
        restarts = [at for at in restarts if time.monotonic() - at < RESTARTS_WITHIN_SECONDS]
        if not was_held and len(restarts) >= MAX_RESTARTS:
            raise LocalStageError(
                f"The emulator was restarted {MAX_RESTARTS} times within {RESTARTS_WITHIN_SECONDS:.0f} s and "
                f"ended again, so the stage stops; the emulator's log may show the cause ({state.emulator_log})."
            )
        if not was_held:
            restarts.append(time.monotonic())
        was_held = False
        progress.write_line("The emulator ended; restarting it from its saved state.")
        try:
            await asyncio.to_thread(emulator.start)
        except LocalStageError as failure:
            progress.write_line(str(failure))
            continue
        on_restart()
        progress.write_line(f"The emulator answers again (process {emulator.pid}).")
        # It may end again while its functions start; the next iteration handles that.
        with contextlib.suppress(OSError, ValueError):
            await asyncio.to_thread(emulator.ask, "warm")
