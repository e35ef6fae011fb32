"""What the local stage's state directory says: whether a supervisor runs there, and what it serves.

The supervisor (`local.supervisor`) holds the lock on `supervisor.lock`, which has its process id, and writes
`running.json` once the stage is ready.
"""

import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import Any

DEFAULT = Path(__file__).resolve().parents[2] / ".parley"
LOCK = "supervisor.lock"
RUNNING = "running.json"


def supervisor_pid(state_dir: Path) -> int | None:
    """The process that holds the lock, None if none does. 0: it has not written its id yet."""
    try:
        with (state_dir / LOCK).open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                with contextlib.suppress(ValueError):
                    return int(lock.read().strip())
                return 0
    except (FileNotFoundError, NotADirectoryError):
        pass
    return None


def has_ended(description: dict[str, Any]) -> bool:
    """Whether the emulator of a described stage has ended: the supervisor starts another one."""
    try:
        os.kill(int(description["pids"]["emulator"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def running(state_dir: Path) -> dict[str, Any] | None:
    """The description of the running stage, None before it is ready."""
    try:
        description: dict[str, Any] = json.loads((state_dir / RUNNING).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return description
