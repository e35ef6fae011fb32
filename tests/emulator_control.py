"""A running local stage for tests and benchmarks: its addresses and clients, and control of its emulator."""

import contextlib
import json
import os
import signal
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local import deployment, stage, tokens
from local.errors import LocalStageError
from local.state_directory import DEFAULT_STATE_DIR, StateDirectory

RESTART_SECONDS = 60.0


@dataclass(frozen=True)
class LocalStage:
    """The stage of one state directory; `description` is what `parley status --json` prints."""

    state: StateDirectory
    description: Mapping[str, Any]

    @classmethod
    def load(cls, state_dir: Path | str = DEFAULT_STATE_DIR) -> Self:
        """The stage that runs in a state directory. Raises LocalStageError if none has finished starting."""
        return cls(StateDirectory(Path(state_dir)), stage.describe(Path(state_dir)))

    @property
    def url(self) -> str:
        """The site's origin."""
        return str(self.description["url"])

    @property
    def api_url(self) -> str:
        """The REST API's address at the front door."""
        return str(self.description["apiUrl"])

    @property
    def emulator_url(self) -> str:
        """The endpoint of every AWS service."""
        return str(self.description["emulatorUrl"])

    @property
    def outputs(self) -> dict[str, str]:
        """All stack outputs by name."""
        return deployment.outputs_by_name(self.description["outputs"])

    def client(self, service: str) -> Any:
        """A boto3 client of this stage."""
        return deployment.client(service, self.emulator_url)

    def token(self, username: str, password: str | None = None) -> str:
        """An ID token of a user, see `local.tokens.id_token`."""
        return tokens.id_token(self.description, username, password)

    def save_state(self) -> None:
        """Make the emulator save its state now."""
        self._ask("save")

    def warm_functions(self) -> list[str]:
        """Start an environment of every function; returns the names of the functions that do not start."""
        return list(self._ask("warm")["failed"])

    def kill_emulator(self) -> None:
        """Kill the emulator, as in a crash, and keep it down until `restart_emulator`."""
        self.state.hold_emulator.touch()
        self.crash_emulator()

    def crash_emulator(self) -> None:
        """Kill the emulator; the supervisor restarts it from its last saved state."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._emulator_pid(), signal.SIGKILL)

    def restart_emulator(self) -> None:
        """Allow the supervisor to restart the emulator, and wait until it answers."""
        previous = self._emulator_pid()
        self.state.hold_emulator.unlink(missing_ok=True)
        deadline = time.monotonic() + RESTART_SECONDS
        while time.monotonic() < deadline:
            if self._emulator_pid() != previous:
                return
            time.sleep(0.05)
        raise LocalStageError(
            f"The emulator did not restart within {RESTART_SECONDS:.0f} s (log: {self.state.emulator_log})."
        )

    def _emulator_pid(self) -> int:
        return int((self.state.running() or self.description)["pids"]["emulator"])

    def _ask(self, endpoint: str) -> Any:
        with urllib.request.urlopen(f"{self.emulator_url}/_parley/{endpoint}", timeout=120) as response:
            return json.load(response)
