"""Faults, where the stage allows them: the emulator of a local stage, asked over loopback."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.stage import LocalStage

STRUCK_SECONDS = 30


@dataclass(frozen=True)
class Faults:
    """What goes wrong on a local stage, and only while a test wants it."""

    stage: LocalStage

    @contextmanager
    def of(self, *rules: dict[str, Any]) -> Iterator[None]:
        """These faults, until the block ends."""
        self.put(*rules)
        try:
            yield
        finally:
            self.put()

    def put(self, *rules: dict[str, Any]) -> None:
        """These faults instead of those before; none of them clears all."""
        self._post("faults", list(rules))

    def struck(self) -> int:
        """How often the faults in force have struck."""
        with urllib.request.urlopen(f"{self.stage.emulator_url}/_parley/faults", timeout=10) as answer:
            return sum(rule["struck"] for rule in json.load(answer)["faults"])

    def wait_until_struck(self, times: int = 1) -> None:
        """Wait until the faults in force have struck so often. Raises TimeoutError."""
        deadline = time.monotonic() + STRUCK_SECONDS
        while self.struck() < times:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no fault struck {times} times within {STRUCK_SECONDS} s")
            time.sleep(0.02)

    @contextmanager
    def clock_speed(self, speed: float) -> Iterator[None]:
        """The connection clock so much faster, for connections that open until the block ends."""
        self._post("clock", {"speed": speed})
        try:
            yield
        finally:
            self._post("clock", {"speed": 1})

    @contextmanager
    def enforced_policies(self) -> Iterator[None]:
        """IAM decides what functions may do, until the block ends."""
        self._post("policies", {"enforced": True})
        try:
            self.stage.warm_functions()
            yield
        finally:
            self._post("policies", {"enforced": False})
            self.stage.warm_functions()

    def kill_and_restart(self, *, down_seconds: float = 0.6) -> None:
        """Kill the emulator by its process id, and start it again from what it had written.

        It is down long enough for the supervisor to see that this was meant, and not to count it as a crash.
        """
        self.stage.kill_emulator()
        time.sleep(down_seconds)
        self.stage.restart_emulator()

    def _post(self, what: str, body: Any) -> None:
        request = urllib.request.Request(
            f"{self.stage.emulator_url}/_parley/{what}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10):
            pass
