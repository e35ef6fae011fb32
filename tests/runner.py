"""Run the checks and the tests concurrently: `python -m tests.runner check | test | test-all`.

The checks (formatting, lint, types, the UI's own) run in the background; pytest writes to the terminal. Everything
runs to its end, and the exit code is 1 if anything failed. `check` repeats the UI's check only if one of its
inputs has changed since it passed. Further arguments go to pytest: `python -m tests.runner test -k sending`.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from local.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

# Biome writes a log to the user's cache directory; this keeps it inside the repository.
UI_ENVIRONMENT = {"XDG_CACHE_HOME": str(ROOT / ".build" / "cache")}

# Everything that the UI's check reads. Its component tests are a quarter of the time of `make check`.
UI_INPUTS = (
    *(f"ui/{name}" for name in ("src", "tests", "public", "scripts", "index.html", "package.json")),
    *(f"ui/{name}" for name in ("package-lock.json", "tsconfig.json", "biome.json", "vite.config.ts")),
    "tests/text_rules",
    "tests/workflow_decisions.json",
    "workflows/deliver.asl.json",
)
UI_SETTINGS = ("PARLEY_TEXT_RUNS", "PARLEY_SCHEDULES")

# The number of generated messages in the UI's test of texts.
THOROUGH_TEXT_RUNS = "5000"

# The number of simulated schedules in the UI's tests.
THOROUGH_SCHEDULES = "10000"

# Tests that wait for a stage have priority over the checks.
LOW_PRIORITY = ["nice", "-n", "5"] if shutil.which("nice") else []

PYTEST = [sys.executable, "-m", "pytest"]
TWO_PROCESSES = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
TESTS = {
    "check": ["-q", "tests/unit", "tests/contract", "-m", "not slow", *TWO_PROCESSES],
    "test": ["tests", *TWO_PROCESSES],
    "test-all": ["tests", "--thorough", *TWO_PROCESSES],
}


@dataclass(frozen=True)
class Check:
    """A command that exits with 0 if the code passes the check."""

    name: str
    command: list[str]
    environment: dict[str, str]
    inputs: tuple[str, ...] = ()
    """All files and folders that it reads. While they are as when it passed, `check` does not repeat it."""

    def state(self) -> str:
        """A digest of the inputs."""
        settings = {name: os.environ.get(name, "") for name in UI_SETTINGS}
        settings["command"] = " ".join(self.command)
        return fingerprint(ROOT, settings, self.inputs)

    @property
    def passed_state(self) -> Path:
        """The file with the state in which it passed last."""
        return ROOT / ".build" / "checks" / hashlib.sha256(self.name.encode()).hexdigest()[:16]


CHECKS = [
    Check("lint", [str(BIN / "ruff"), "check", "."], {}),
    Check("format", [str(BIN / "ruff"), "format", "--check", "."], {}),
    Check("types", [str(BIN / "mypy")], {}),
    Check(
        "UI (types, lint, component tests)",
        ["npm", "--prefix", "ui", "run", "--silent", "check"],
        UI_ENVIRONMENT,
        UI_INPUTS,
    ),
]


class Background:
    """Runs checks one after the other in a thread, while the tests run."""

    def __init__(self, checks: list[Check], *, prefix: list[str], repeat: bool) -> None:
        self._checks = checks
        self._repeat = repeat
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
            state = check.state() if check.inputs else ""
            if state and not self._repeat and _read(check.passed_state) == state:
                self.lines.append(f"passed  {check.name}  (before; nothing has changed since)")
                continue
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
            if state:
                check.passed_state.parent.mkdir(parents=True, exist_ok=True)
                check.passed_state.write_text(state if passed else "", encoding="utf-8")
            if not passed and not self._stopped:
                self.failed.append(check.name)
                print(f"\n{line}\n{output}", flush=True)


def _read(path: Path) -> str:
    """The text of a file; empty if there is none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main(arguments: list[str]) -> int:
    """Run the tests that the first argument names, with the checks. Returns the exit code."""
    if not arguments or arguments[0] not in TESTS:
        print(f"Name what to run: {', '.join(TESTS)}.", file=sys.stderr)
        return 2
    if arguments[0] == "test-all":
        os.environ.setdefault("PARLEY_TEXT_RUNS", THOROUGH_TEXT_RUNS)
        os.environ.setdefault("PARLEY_SCHEDULES", THOROUGH_SCHEDULES)
    is_check = arguments[0] == "check"
    background = Background(CHECKS, prefix=[] if is_check else LOW_PRIORITY, repeat=not is_check)
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
