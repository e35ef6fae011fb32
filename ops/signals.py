"""End a command that is stopped by a signal with an exception, so that it undoes what it must not leave behind.

Python does this for Ctrl-C alone. A closed terminal sends SIGHUP, often twice, and `kill` sends SIGTERM.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNAL_EXIT_CODES = 128
"""A command that a signal stopped exits with this and the signal's number, as shells have it."""


class StoppedError(SystemExit):
    """SIGTERM or SIGHUP, as an exception. Its code is the exit code."""


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGINT, and StoppedError for SIGTERM and SIGHUP, in the main thread.

    Only the first signal does so: what is undone then is not interrupted by a second one. A third Ctrl-C is. A
    signal that the process was started to ignore (`nohup`) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    for other in STOPPING:
        if signal.getsignal(other) == _stop:
            signal.signal(other, _wait if other == signal.SIGINT else _ignore)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise StoppedError(SIGNAL_EXIT_CODES + number)


def _wait(_number: int, _frame: FrameType | None) -> None:
    sys.stderr.write("Stopping, and undoing what must not stay. Press Ctrl-C again to end without that.\n")
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    # A function, not SIG_IGN: programs that are started now would inherit that.
    return
