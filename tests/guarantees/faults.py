"""Faults, where the stage allows them: the emulator of a local stage, asked over loopback."""

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.stage import LocalStage
from tests.waiting import DEADLINE_SECONDS, wait_until

Rule = dict[str, Any]


@dataclass(frozen=True)
class Faults:
    """What goes wrong on a local stage, and only while a test wants it."""

    stage: LocalStage

    @contextmanager
    def of(self, *rules: Rule) -> Iterator[None]:
        """These faults, until the block ends.

        A fault that never struck proves nothing, so each rule must have struck by then: AssertionError otherwise.
        """
        self.put(*rules)
        try:
            yield
        except BaseException:
            self.put()
            raise
        self.change()

    def change(self, *rules: Rule) -> None:
        """These faults instead of those before, each of which must have struck. Raises AssertionError."""
        idle = [rule for rule in self.put(*rules) if not rule["struck"]]
        assert not idle, f"these faults never struck, so the test shows nothing: {idle}"

    def put(self, *rules: Rule) -> list[Rule]:
        """These faults instead of those before, however often they struck: it returns them with their `struck`."""
        replaced: list[Rule] = self._post("faults", list(rules))["replaced"]
        return replaced

    def struck(self, what: str | None = None) -> int:
        """How often the faults in force have struck, or those that do `what`."""
        return sum(rule["struck"] for rule in self._ask("faults")["faults"] if what in (None, rule["what"]))

    def wait_until_struck(self, times: int = 1) -> None:
        """Wait until the faults in force have struck so often."""
        wait_until(lambda: self.struck() >= times, f"faults had struck {times} times")

    def advance_clock(self, seconds: float) -> None:
        """Move the connection clock forward, for every connection."""
        self._post("clock", {"advance": seconds})

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

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(
            f"{self.stage.emulator_url}/_parley/{what}", timeout=DEADLINE_SECONDS
        ) as answer:
            return json.load(answer)

    def _post(self, what: str, body: Rule | Sequence[Rule]) -> Any:
        request = urllib.request.Request(
            f"{self.stage.emulator_url}/_parley/{what}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)
