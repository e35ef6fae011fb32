"""What a fault drill or a measurement changes in the functions of a local stage for a while, and how it is undone.

Each change is recorded in the state directory before it is made, in a file that the process holds locked. The
kernel releases the lock however the process ends; if changes are left then, the stage's supervisor undoes them.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from local.errors import LocalStageError

LOCK_SECONDS = 10.0
"""How long a process waits for the supervisor, which undoes the changes of one that was killed."""
WAITER = {"Delay": 1, "MaxAttempts": 30}


class FunctionChanges:
    """The recorded changes of one process. `functions` is a Lambda client."""

    def __init__(self, record: IO[str], functions: Any) -> None:
        self._record = record
        self._functions = functions
        self._recorded: set[tuple[str, str]] = set()

    def update(self, function: str, **configuration: Any) -> None:
        """Change the configuration of a function, until the block of `recorded` ends."""
        if not self._recorded.issuperset((function, name) for name in configuration):
            self._note(function, configuration)
        _update(self._functions, function, configuration)

    def _note(self, function: str, configuration: dict[str, Any]) -> None:
        """Record what these settings of a function were before its first change."""
        before = self._functions.get_function_configuration(FunctionName=function)
        former = {name: before[name] for name in configuration if name in before}
        if "Environment" in former:
            former["Environment"] = {"Variables": former["Environment"].get("Variables", {})}
        self._record.write(json.dumps({"function": function, "former": former}) + "\n")
        self._record.flush()
        os.fsync(self._record.fileno())
        self._recorded.update((function, name) for name in configuration)

    def undo(self) -> list[str]:
        """Undo all recorded changes, the latest first. Returns the names of the functions."""
        self._record.seek(0)
        changes = [json.loads(line) for line in self._record if line.endswith("\n")]
        for change in reversed(changes):
            # A stage that was deleted and deployed again has other functions.
            with contextlib.suppress(self._functions.exceptions.ResourceNotFoundException):
                _update(self._functions, change["function"], change["former"])
        self._record.seek(0)
        self._record.truncate()
        return list(dict.fromkeys(change["function"] for change in changes))


@contextmanager
def recorded(path: Path, functions: Any) -> Iterator[FunctionChanges]:
    """Change functions while the block runs. Raises LocalStageError if another process does so."""
    with path.open("a+", encoding="utf-8") as record:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _lock(record):
            if time.monotonic() > deadline:
                raise LocalStageError(
                    "Another fault drill or measurement changes functions of this stage: wait until it has ended."
                )
            time.sleep(0.1)
        changes = FunctionChanges(record, functions)
        changes.undo()
        try:
            yield changes
        finally:
            changes.undo()


def undo_left(path: Path, functions: Any) -> list[str]:
    """Undo the changes of a process that was killed. Returns the names of the functions."""
    # Most of the time there is no such file, or it is empty.
    if not path.exists() or not path.stat().st_size:
        return []
    with path.open("a+", encoding="utf-8") as record:
        return FunctionChanges(record, functions).undo() if _lock(record) else []


def _lock(record: IO[str]) -> bool:
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _update(functions: Any, function: str, configuration: dict[str, Any]) -> None:
    functions.update_function_configuration(FunctionName=function, **configuration)
    functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=WAITER)
