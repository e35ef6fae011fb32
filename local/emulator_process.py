"""The emulator as a child process: start, wait for, notice the end of, stop."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.errors import LocalStageError
from local.state_directory import REPOSITORY

START_SECONDS = 40.0
STOP_SECONDS = 20.0


class EmulatorProcess:
    """`python -m local.emulator` on one port and state directory."""

    def __init__(self, port: int, state: Path, log: Path, settings: dict[str, str] | None = None) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._state = state
        self._log = log
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it is held."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._let_go()
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
            # A session of its own: Ctrl-C reaches the supervisor, which stops it in order.
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
        while not self.answers():
            if self._process.poll() is not None:
                raise LocalStageError(
                    f"The emulator did not start: {self._last_log_line()} (full log: {self._log})"
                )
            if time.monotonic() > deadline:
                self.stop()
                raise LocalStageError(
                    f"The emulator did not answer within {START_SECONDS:.0f} s (full log: {self._log})"
                )
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the emulator says that it is well."""
        try:
            return bool(self.ask("health", timeout=2)["status"] == "ok")
        except (OSError, ValueError):
            return False

    def ask(self, what: str, timeout: float = 120) -> Any:
        """One of the launcher's own addresses, see `local.emulator.server`."""
        with urllib.request.urlopen(f"{self.url}/_parley/{what}", timeout=timeout) as response:  # noqa: S310
            return json.load(response)

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """Stop in order, with the state saved; kill what does not stop."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        """Forget a process that has ended, and close the pipe to it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None

    def _last_log_line(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"
