"""The files of one local stage, and the lock that its supervisor holds while it runs."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from local.errors import LocalStageError
from ops.stage import command_lines, local_state

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_STATE_DIR = local_state.DEFAULT
OWNER_ONLY = 0o700


class StateDirectory:
    """One stage's directory: its data and logs, what was deployed, and which process runs it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.emulator = self.path / "emulator"
        self.emulator_log = self.path / "emulator.log"
        self.supervisor_log = self.path / "supervisor.log"
        self.deploy_log = self.path / "deploy.log"
        self.ui_build_log = self.path / "ui-build.log"
        self.cloud_assembly = self.path / "cdk.out"
        # Written by a start in the background, for the command that waits for it.
        self.start_failure = self.path / "failure.txt"
        self._lock = self.path / local_state.LOCK
        self._running = self.path / local_state.RUNNING
        self._deployed = self.path / "deployed.json"
        # While this file exists, the supervisor does not restart an emulator that ended.
        self.hold_emulator = self.path / "hold-emulator"
        # Of fault drills and measurements; see `local.function_changes`.
        self.function_changes = self.path / "function-changes.jsonl"

    def command(self, *words: str) -> str:
        """A command line of `parley` for this stage, to print."""
        return command_lines.parley(command_lines.options_of_local_stage(self.path), *words)

    def claim(self) -> None:
        """Create the directory if need be, and mark it as a local stage's. The lock file is the mark.

        Other users of the machine cannot read it: the passwords of the user pool are in it as they were typed.
        Raises LocalStageError if the directory cannot be used, or holds files and has no mark.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not self._lock.exists() and any(self.path.iterdir()):
                raise LocalStageError(
                    f"{self.path} holds files that are not a local stage's: choose an empty or a new directory "
                    "with --state-dir."
                )
            self._lock.touch()
            # It may belong to another user, who lets this one write.
            with suppress(PermissionError):
                self.path.chmod(OWNER_ONLY)
        except OSError as error:
            raise LocalStageError(
                f"The local stage cannot keep its data in {self.path} ({error.strerror}): choose another "
                "directory with --state-dir."
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the supervisor's lock.

        Raises LocalStageError if another process holds it, or as `claim`. The kernel releases the lock when the
        process ends, however it ends.
        """
        self.claim()
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise self.already_running_error() from None
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
        """The id of the process that holds the lock (0: not written yet), or None if no process does."""
        return local_state.supervisor_pid(self.path)

    def already_running_error(self) -> LocalStageError:
        """The error of a second start on the same directory."""
        url = (self.running() or {}).get("url", "still starting")
        return LocalStageError(
            f"A local stage already runs in {self.path} ({url}, process {self.supervisor_pid()}): choose another "
            f"directory with --state-dir, or stop it with: {self.command('down')}"
        )

    def write_running(self, description: dict[str, Any]) -> None:
        """Replace the running stage's description atomically, so that readers never see a partial file."""
        partial = self._running.with_suffix(".new")
        partial.write_text(json.dumps(description, indent=2) + "\n")
        partial.replace(self._running)

    def running(self) -> dict[str, Any] | None:
        """The running stage's description, or None if no stage has finished starting."""
        return local_state.running(self.path)

    def write_deployed(self, record: dict[str, Any]) -> None:
        """Record the deployment that the saved data holds: its fingerprint, its ports and the CDK's version."""
        self._deployed.write_text(json.dumps(record, indent=2) + "\n")

    def deployed(self) -> dict[str, Any]:
        """The recorded deployment; empty if there is none."""
        return _read_json(self._deployed) or {}

    def delete_data(self) -> None:
        """Delete the stage's data and logs, except the two files that a running supervisor holds open.

        Files that a local stage does not write stay. Raises LocalStageError if the directory is not marked as a
        local stage's.
        """
        if not self._lock.exists():
            raise LocalStageError(f"{self.path} is not the directory of a local stage: nothing was deleted.")
        for entry in (
            self.emulator,
            self.cloud_assembly,
            self.emulator_log,
            self.deploy_log,
            self.ui_build_log,
            self.start_failure,
            self.hold_emulator,
            self.function_changes,
            self._deployed,
            self._running,
        ):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
