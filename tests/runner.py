"""Run the checks and the tests concurrently: `python -m tests.runner check | test | test-all`.

The checks (formatting, lint, types, the UI's own) run in the background; pytest writes to the terminal. Everything
runs to its end, and the exit code is 1 if anything failed. Further arguments go to pytest:
`python -m tests.runner test -k sending`.
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

# Biome writes a log to the user's cache directory; this keeps it inside the repository.
UI_ENVIRONMENT = {"XDG_CACHE_HOME": str(ROOT / ".build" / "cache")}

# The number of generated messages in the UI's test of texts.
THOROUGH_TEXT_RUNS = "5000"

# The number of simulated schedules in the UI's tests.
THOROUGH_SCHEDULES = "10000"

# Tests that wait for a stage have priority over the checks.
LOW_PRIORITY = ["nice", "-n", "10"] if shutil.which("nice") else []

PYTEST = [sys.executable, "-m", "pytest"]
TWO_PROCESSES = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
TESTS = {
    "check": ["-q", "tests/unit", "tests/contract", *TWO_PROCESSES],
    "test": ["tests", *TWO_PROCESSES],
    "test-all": ["tests", "--thorough", *TWO_PROCESSES],
}


@dataclass(frozen=True)
class Check:
    """A command that exits with 0 if the code passes the check."""

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
    """Runs checks one after the other in a thread, while the tests run."""

    def __init__(self, checks: list[Check], *, prefix: list[str]) -> None:
        self._checks = checks
        self._prefix = prefix
        self._running: subprocess.Popen[str] | None = None
        self._stopped = False
        self.lines: list[str] = []
        """One line for each ended check, with its result."""
        self.failed: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Start the first check."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until all checks have ended."""
        self._thread.join()

    def stop(self) -> None:
        """Terminate the running check and start no further one."""
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
                [*self._prefix, *check.command],
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
    """Run the tests that the first argument names, with the checks. Returns the exit code."""
    if not arguments or arguments[0] not in TESTS:
        print(f"Name what to run: {', '.join(TESTS)}.", file=sys.stderr)
        return 2
    if arguments[0] == "test-all":
        os.environ.setdefault("PARLEY_TEXT_RUNS", THOROUGH_TEXT_RUNS)
        os.environ.setdefault("PARLEY_SCHEDULES", THOROUGH_SCHEDULES)
    background = Background(CHECKS, prefix=[] if arguments[0] == "check" else LOW_PRIORITY)
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
