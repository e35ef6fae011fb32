"""Run the emulator as a child process: start it, wait until it answers, detect its end, stop it."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

from local import ports
from local.emulator.settings import NOT_SAVED_EXIT_CODE
from local.errors import LocalStageError
from local.state_directory import REPOSITORY

START_SECONDS = 40.0
STOP_SECONDS = 20.0


class EmulatorProcess:
    """`python -m local.emulator` with one port and state directory; `settings` by their names in upper case."""

    def __init__(self, port: int, state: Path, log: Path, settings: dict[str, str] | None = None) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._state = state
        self._log = log
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.save_failure: str | None = None
        """Why the process could not save its state at its last stop; None if it did, or was killed."""

    @property
    def pid(self) -> int | None:
        """The id of the started process; None before `start` and after `stop`."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and wait until it answers. Raises LocalStageError if it does not."""
        self._discard()
        self._state.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **{f"PARLEY_EMULATOR_{name}": value for name, value in self._settings.items()},
            "PARLEY_EMULATOR_PORT": str(self.port),
            "PARLEY_EMULATOR_STATE_DIRECTORY": str(self._state),
            "PARLEY_EMULATOR_WATCH_INPUT": "1",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with self._log.open("ab") as log:
            # In its own session: Ctrl-C reaches only the supervisor, which then stops the emulator in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.emulator"],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_healthy():
            if self._process.poll() is not None:
                ports.require_free(self.port, "the emulator", "--emulator-port")
                raise LocalStageError(
                    f"The emulator did not start: {self._last_log_line()} (full log: {self._log})"
                )
            if time.monotonic() > deadline:
                self.stop()
                raise LocalStageError(
                    f"The emulator did not answer within {START_SECONDS:.0f} s (full log: {self._log})"
                )
            time.sleep(0.05)

    def is_healthy(self) -> bool:
        """Whether this process answers the health check; another stage's emulator may have taken the port."""
        try:
            health = self.ask("health", timeout=2)
        except (OSError, ValueError):
            return False
        return isinstance(health, dict) and health.get("status") == "ok" and health.get("pid") == self.pid

    def ask(self, endpoint: str, timeout: float = 120) -> Any:
        """Call a control endpoint below `/_parley/`, see `local.emulator.server`; returns its JSON answer.

        Raises OSError if there is no whole answer, also if the emulator ends meanwhile. Raises ValueError if it is
        not JSON.
        """
        try:
            with urllib.request.urlopen(f"{self.url}/_parley/{endpoint}", timeout=timeout) as response:  # noqa: S310
                return json.load(response)
        except HTTPException as broken:
            raise ConnectionError(f"The emulator's answer to '{endpoint}' is incomplete.") from broken

    def has_ended(self) -> bool:
        """Whether the process has ended or was never started."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> bool:
        """Terminate the process, which then saves its state; kill it if it does not end in time.

        Returns whether it ended in order, with its state saved.
        """
        if self._process is None:
            return True
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        code = self._process.returncode
        self.save_failure = self._last_log_line() if code == NOT_SAVED_EXIT_CODE else None
        self._discard()
        return code == 0

    def _discard(self) -> None:
        """Close the pipe to a process that has ended, and drop the process."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None

    def _last_log_line(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "no output"
