"""Injects faults into a local stage, through the emulator's control routes on loopback."""

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.emulator_control import LocalStage
from tests.waiting import DEADLINE_SECONDS, wait_until

Rule = dict[str, Any]


@dataclass(frozen=True)
class Faults:
    """The faults of a local stage. A test enables them for a block of code."""

    stage: LocalStage

    @contextmanager
    def of(self, *rules: Rule) -> Iterator[None]:
        """Inject these faults until the block ends.

        Raises AssertionError if one of them never struck, because the test would then prove nothing.
        """
        self.put(*rules)
        try:
            yield
        except BaseException:
            self.put()
            raise
        self.change()

    def change(self, *rules: Rule) -> None:
        """Replace the faults in force. Raises AssertionError if one of the replaced faults never struck."""
        idle = [rule for rule in self.put(*rules) if not rule["struck"]]
        assert not idle, f"these faults never struck, so the test proves nothing: {idle}"

    def put(self, *rules: Rule) -> list[Rule]:
        """Replace the faults in force. Returns the replaced ones, each with its number of strikes, `struck`."""
        replaced: list[Rule] = self._post("faults", list(rules))["replaced"]
        return replaced

    def struck(self, what: str | None = None, *, where: str | None = None) -> int:
        """How often the faults in force have struck; with `what` or `where`, only the faults with that value."""
        return sum(
            rule["struck"]
            for rule in self._get("faults")["faults"]
            if what in (None, rule["what"]) and where in (None, rule["where"])
        )

    def wait_until_struck(self, times: int = 1) -> None:
        """Wait until the faults in force have struck `times` times."""
        wait_until(lambda: self.struck() >= times, f"faults had struck {times} times")

    def advance_clock(self, seconds: float) -> None:
        """Move the connection clock forward, for every connection."""
        self._post("clock", {"advance": seconds})

    def age_metrics(self, seconds: float) -> None:
        """Make the values of metrics, and the messages in queues, older: time passes for alarms and queues."""
        self._post("metrics", {"age": seconds})

    @contextmanager
    def enforced_policies(self, *, warm: bool = True) -> Iterator[None]:
        """Enforce the IAM policies of the functions and of operators' roles until the block ends.

        All functions restart. Without `warm`, each does so when it is invoked.
        """
        try:
            self._enforce(True, warm=warm)
            yield
        finally:
            self._enforce(False, warm=warm)

    def _enforce(self, enforced: bool, *, warm: bool) -> None:
        self._post("policies", {"enforced": enforced})
        if warm:
            self.stage.warm_functions()

    def denied_actions(self) -> list[str]:
        """The actions of the calls that were denied since policies are enforced, in order."""
        return [call["action"] for call in self._get("policies")["denied"]]

    def kill_and_restart(self, *, down_seconds: float = 0.6) -> None:
        """Kill the emulator's process, and restart it from its saved state.

        It is down long enough for the supervisor to recognize a requested restart, and not count a crash.
        """
        self.stage.kill_emulator()
        time.sleep(down_seconds)
        self.stage.restart_emulator()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(
            f"{self.stage.emulator_url}/_parley/{path}", timeout=DEADLINE_SECONDS
        ) as response:
            return json.load(response)

    def _post(self, path: str, body: Rule | Sequence[Rule]) -> Any:
        request = urllib.request.Request(
            f"{self.stage.emulator_url}/_parley/{path}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as response:
            return json.load(response)
