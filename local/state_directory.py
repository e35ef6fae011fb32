"""Where a local stage keeps its files, and the lock that says whether it runs."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.errors import LocalStageError
from ops.stage import local_state

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT = local_state.DEFAULT


def already_running(path: Path, url: str, process: int | None) -> str:
    """The sentence for a second start on the same directory."""
    return (
        f"The local stage in {path} is already running ({url}, process {process}): stop it with "
        f"`parley down`, or give this one another --state-dir."
    )


class StateDirectory:
    """One stage's directory: everything to start it again, and who runs it now."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.emulator = self.path / "emulator"
        self.emulator_log = self.path / "emulator.log"
        self.supervisor_log = self.path / "supervisor.log"
        self.deploy_log = self.path / "deploy.log"
        self.cloud_assembly = self.path / "cdk.out"
        self._lock = self.path / local_state.LOCK
        self._running = self.path / local_state.RUNNING
        self._deployed = self.path / "deployed.json"
        # While this file exists the supervisor leaves a stopped emulator down.
        self.hold_emulator = self.path / "hold-emulator"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one supervisor of this directory; the kernel lets go of the lock whatever happens."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                url = (self.running() or {}).get("url", "starting")
                raise LocalStageError(already_running(self.path, url, self.supervisor_pid())) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                self._running.unlink(missing_ok=True)
                self.hold_emulator.unlink(missing_ok=True)
                lock.truncate(0)

    def supervisor_pid(self) -> int | None:
        """The process that holds the lock, None if none does. 0: it has not written its id yet."""
        return local_state.supervisor_pid(self.path)

    def write_running(self, description: dict[str, Any]) -> None:
        """Publish what runs, whole: readers never see half a file."""
        unfinished = self._running.with_suffix(".new")
        unfinished.write_text(json.dumps(description, indent=2) + "\n")
        unfinished.replace(self._running)

    def running(self) -> dict[str, Any] | None:
        """The description of the running stage, None before it is ready."""
        return local_state.running(self.path)

    def write_deployed(self, record: dict[str, Any]) -> None:
        """Remember what was deployed into the saved state, and where it listens."""
        self._deployed.write_text(json.dumps(record, indent=2) + "\n")

    def deployed(self) -> dict[str, Any]:
        """What the saved state holds; empty when nothing was deployed."""
        try:
            found: dict[str, Any] = json.loads(self._deployed.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found

    def forget(self) -> None:
        """Delete the stage's data and logs, but for the two files that a running supervisor holds open."""
        for entry in self.path.iterdir() if self.path.exists() else ():
            if entry in (self._lock, self.supervisor_log):
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
