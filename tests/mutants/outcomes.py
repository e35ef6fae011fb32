"""Runs tests with pytest and Vitest, and reads how each ended from their reports."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

from tests.local_stage import ROOT

MAX_RUN_SECONDS = 600
MAX_SHOWN_CHARACTERS = 200

NO_REPORTS = ["-p", "no:tests.evidence", "-p", "no:tests.guarantees.reporting"]
"""Expected failures collect no evidence, and do not replace the reports in `artefacts/`."""


class Ending(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    """By an assertion, a timeout or another error in the test itself."""
    NOT_RUN = "not run"
    """It was skipped, is missing, or its set-up failed, so that its outcome proves nothing."""


@dataclass(frozen=True)
class Outcome:
    """How a test ended, and why."""

    ending: Ending
    reason: str = ""


def run_pytest(
    tests: Sequence[str], *, root: Path = ROOT, options: Sequence[str] = (), deadline: float
) -> dict[str, Outcome]:
    """Run tests, `tests/….py::name`, with a deadline in seconds. Returns how each ended."""
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *NO_REPORTS, *tests, "--thorough", *options]
        command.append(f"--junitxml={report}")
        output = _run(command, root, {"PARLEY_TEST_DEADLINE_SECONDS": f"{deadline:g}"})
        if not report.exists():
            return dict.fromkeys(tests, Outcome(Ending.NOT_RUN, output))
        endings = from_junit(report.read_text())
    return {test: endings.get(test, Outcome(Ending.NOT_RUN, f"pytest did not run it: {output}")) for test in tests}


def from_junit(report: str) -> dict[str, Outcome]:
    """The outcomes by test in a pytest report. A parametrized test has failed if one of its cases has."""
    outcomes: dict[str, Outcome] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        file = case.get("classname", "").replace(".", "/")
        test = f"{file}.py::{case.get('name', '').partition('[')[0]}"
        outcome = Outcome(Ending.PASSED)
        # A failed test may also have an error of its teardown; the failure counts.
        for tag, ending in (("skipped", Ending.NOT_RUN), ("error", Ending.NOT_RUN), ("failure", Ending.FAILED)):
            if (element := case.find(tag)) is not None:
                outcome = Outcome(ending, _shorten(element.get("message", "")))
        if test not in outcomes or outcomes[test].ending is not Ending.FAILED:
            outcomes[test] = outcome
    return outcomes


def run_vitest(tests: Sequence[str], environment: Mapping[str, str]) -> dict[str, Outcome]:
    """Run tests, `tests/….test.ts > title > title`. Returns how each ended."""
    files = sorted({test.partition(" > ")[0] for test in tests})
    titles = [re.escape(" ".join(test.split(" > ")[1:])) for test in tests]
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        report = Path(folder) / "report.json"
        command = [str(ROOT / "ui/node_modules/.bin/vitest"), "run", *files, "-t", f"^ ?({'|'.join(titles)})$"]
        output = _run([*command, "--reporter=json", f"--outputFile={report}"], ROOT / "ui", environment)
        if not report.exists():
            return dict.fromkeys(tests, Outcome(Ending.NOT_RUN, output))
        endings = from_vitest(report.read_text(), ROOT / "ui")
    return {test: endings.get(test, Outcome(Ending.NOT_RUN, f"Vitest did not run it: {output}")) for test in tests}


def from_vitest(report: str, root: Path) -> dict[str, Outcome]:
    """The outcomes by test in a JSON report of Vitest. A file that fails as a whole has run no test."""
    outcomes: dict[str, Outcome] = {}
    for file in json.loads(report)["testResults"]:
        path = Path(file["name"]).relative_to(root).as_posix()
        cases = file["assertionResults"]
        # The file failed and none of its tests did: its set-up failed, or the changed module was never loaded.
        broken = file["status"] == "failed" and not any(case["status"] == "failed" for case in cases)
        for case in cases:
            if case["status"] not in {"passed", "failed"}:
                continue
            reason = _shorten((case["failureMessages"] or [""])[0].partition("\n")[0])
            outcome = Outcome(Ending(case["status"]), reason)
            if broken:
                outcome = Outcome(
                    Ending.NOT_RUN, _shorten(file.get("message") or "the test file failed as a whole")
                )
            outcomes[" > ".join([path, *case["ancestorTitles"], case["title"]])] = outcome
    return outcomes


def _run(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """Run a command, and return the end of its output."""
    try:
        ended = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MAX_RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the command did not end within {MAX_RUN_SECONDS} s"
    return _shorten((ended.stdout + ended.stderr)[-MAX_SHOWN_CHARACTERS:])


def _shorten(text: str) -> str:
    """The text without colours, on one line, cut to MAX_SHOWN_CHARACTERS."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())[:MAX_SHOWN_CHARACTERS]
