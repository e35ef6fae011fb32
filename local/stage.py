"""A running local stage, for tests, measurements and operators: its outputs, its AWS clients, its people."""

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

from local import demo_users, deployment
from local.errors import LocalStageError
from local.state_directory import DEFAULT, StateDirectory

RESTART_SECONDS = 60.0


@dataclass(frozen=True)
class LocalStage:
    """What `parley status --json` says, as a value."""

    state: StateDirectory
    description: Mapping[str, Any]

    @classmethod
    def load(cls, state_dir: Path | str = DEFAULT) -> Self:
        """The stage that runs in a state directory."""
        state = StateDirectory(Path(state_dir))
        running = state.running()
        if state.supervisor_pid() is None:
            raise LocalStageError(f"No local stage runs in {state.path}: start one with `parley up`.")
        if running is None:
            raise LocalStageError(
                f"The local stage in {state.path} is still starting; its progress is in {state.supervisor_log}."
            )
        return cls(state, running)

    @property
    def url(self) -> str:
        """The site's origin."""
        return str(self.description["url"])

    @property
    def api_url(self) -> str:
        """The REST API through the front door."""
        return str(self.description["apiUrl"])

    @property
    def websocket_url(self) -> str:
        """The WebSocket API, without its ticket."""
        return str(self.description["websocketUrl"])

    @property
    def emulator_url(self) -> str:
        """The endpoint of every AWS service."""
        return str(self.description["emulatorUrl"])

    @property
    def region(self) -> str:
        """The stage's region."""
        return str(self.description["region"])

    @property
    def outputs(self) -> dict[str, str]:
        """Every stack output by its name."""
        return deployment.outputs_by_name(self.description["outputs"])

    def client(self, service: str) -> Any:
        """A boto3 client of this stage."""
        return deployment.client(service, self.emulator_url)

    def token(self, username: str, password: str | None = None) -> str:
        """An ID token; the password of a demo user is known."""
        known = {user.username: user.password for user in demo_users.DEMO_USERS}
        secret = password or known.get(username)
        if secret is None:
            raise LocalStageError(
                f"There is no user {username} whose password is known here: there are {', '.join(known)}."
            )
        outputs = self.outputs
        tokens = demo_users.sign_in(
            self.emulator_url, outputs["UserPoolId"], outputs["UserPoolClientId"], username, secret
        )
        return tokens["id_token"]

    def save_state(self) -> None:
        """Have the emulator write its state now."""
        self._ask("save")

    def warm_functions(self) -> list[str]:
        """Have an environment of every function ready; hand back the names of those that do not start."""
        return list(self._ask("warm")["failed"])

    def kill_emulator(self) -> None:
        """Kill the emulator, as a crash would, and keep it down until `restart_emulator`."""
        self.state.hold_emulator.touch()
        self.crash_emulator()

    def crash_emulator(self) -> None:
        """Kill the emulator; the supervisor starts it again from what was last saved."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._emulator_process(), signal.SIGKILL)

    def restart_emulator(self) -> None:
        """Let the supervisor start the emulator, and wait until it answers."""
        before = self._emulator_process()
        self.state.hold_emulator.unlink(missing_ok=True)
        deadline = time.monotonic() + RESTART_SECONDS
        while time.monotonic() < deadline:
            if self._emulator_process() != before:
                return
            time.sleep(0.05)
        raise LocalStageError(f"The emulator did not answer again within {RESTART_SECONDS:.0f} s.")

    def _emulator_process(self) -> int:
        return int((self.state.running() or self.description)["pids"]["emulator"])

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.emulator_url}/_parley/{what}", timeout=120) as response:  # noqa: S310
            return json.load(response)
