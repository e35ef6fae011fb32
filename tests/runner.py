"""Run the checks and the tests side by side: `python -m tests.runner check | test | test-all`.

The checks (formatting, lint, types, the UI's own) run in the background and report as each ends; pytest writes to
the terminal as usual. Everything runs to its end, and the exit code is 1 if anything failed. More arguments are
handed to pytest: `python -m tests.runner test -k sending`.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

# Biome keeps a log in the user's cache directory, and tests leave nothing outside the folder.
UI_ENVIRONMENT = {"XDG_CACHE_HOME": str(ROOT / ".build" / "cache")}

# The tests go first; checks use what processor time they leave.
LATER = ["nice", "-n", "10"] if shutil.which("nice") else []

PYTEST = [sys.executable, "-m", "pytest"]
ON_TWO_CORES = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
TESTS = {
    "check": ["-q", "tests/unit", "tests/contract"],
    "test": ["tests", *ON_TWO_CORES],
    "test-all": ["tests", "--thorough", *ON_TWO_CORES],
}


@dataclass(frozen=True)
class Check:
    """A command that says whether the code is as it should be."""

    name: str
    command: list[str]
    environment: dict[str, str]


CHECKS = [
    Check("lint", [str(BIN / "ruff"), "check", "."], {}),
    Check("format", [str(BIN / "ruff"), "format", "--check", "."], {}),
    Check("types", [str(BIN / "mypy")], {}),
    Check(
        "UI (types, lint, component tests)", ["npm", "--prefix", "ui", "run", "--silent", "check"], UI_ENVIRONMENT
    ),
]


class Background:
    """Checks that run one after the other beside the tests, in a thread."""

    def __init__(self, checks: list[Check]) -> None:
        self._checks = checks
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False
        self.lines: list[str] = []
        """One line for each check that has ended."""
        self.failed: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until all have ended."""
        self._thread.join()

    def stop(self) -> None:
        """End the running check, and start no other."""
        self._stopped = True
        if self._running is not None:
            self._running.terminate()
        self._thread.join()

    def _run(self) -> None:
        for check in self._checks:
            if self._stopped:
                return
            began = time.monotonic()
            self._running = subprocess.Popen(
                [*LATER, *check.command],
                cwd=ROOT,
                env=os.environ | check.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            output, _ = self._running.communicate()
            passed = self._running.returncode == 0
            line = f"{'passed' if passed else 'FAILED'}  {check.name}  ({time.monotonic() - began:.0f} s)"
            self.lines.append(line)
            if not passed and not self._stopped:
                self.failed.append(check.name)
                print(f"\n{line}\n{output}", flush=True)


def main(arguments: list[str]) -> int:
    """Run what the first argument names; the exit code."""
    if not arguments or arguments[0] not in TESTS:
        print(f"Say what to run: {', '.join(TESTS)}.", file=sys.stderr)
        return 2
    background = Background(CHECKS)
    background.start()
    try:
        tests = subprocess.run([*PYTEST, *TESTS[arguments[0]], *arguments[1:]], cwd=ROOT, check=False).returncode
        background.wait()
    except KeyboardInterrupt:
        background.stop()
        return 128 + signal.SIGINT
    print("\n".join(background.lines))
    if background.failed:
        print(f"These checks failed, see above: {', '.join(background.failed)}.", file=sys.stderr)
    return 1 if tests or background.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
