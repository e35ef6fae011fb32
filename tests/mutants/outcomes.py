"""How tests end, as pytest and Vitest report it."""

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

RUN_SECONDS = 600
SHOWN_CHARACTERS = 200

WITHOUT_REPORTS = ["-p", "no:tests.evidence", "-p", "no:tests.guarantees.reporting"]
"""Failures are expected: they leave no evidence, and `artefacts/` keeps the reports of other runs."""


class Ending(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    """By an assertion, a timeout or another error in the test itself."""
    NOT_RUN = "not run"
    """It was skipped, is not there, or what it needs could not be set up: this says nothing of the code."""


@dataclass(frozen=True)
class Outcome:
    """How a test ended, and why."""

    ending: Ending
    reason: str = ""


def run_pytest(
    tests: Sequence[str], *, root: Path = ROOT, options: Sequence[str] = (), deadline: float
) -> dict[str, Outcome]:
    """Run tests, `tests/….py::name`, in a project, and return how each ended. `deadline` is theirs, in seconds."""
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *WITHOUT_REPORTS, *tests, "--thorough", *options]
        command.append(f"--junitxml={report}")
        said = _run(command, root, {"PARLEY_TEST_DEADLINE_SECONDS": f"{deadline:g}"})
        if not report.exists():
            return dict.fromkeys(tests, Outcome(Ending.NOT_RUN, said))
        endings = from_junit(report.read_text())
    return {test: endings.get(test, Outcome(Ending.NOT_RUN, f"pytest did not run it: {said}")) for test in tests}


def from_junit(report: str) -> dict[str, Outcome]:
    """Outcomes by test, in a report of pytest. A parametrized test has failed if one of its cases has."""
    found: dict[str, Outcome] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        file = case.get("classname", "").replace(".", "/")
        test = f"{file}.py::{case.get('name', '').partition('[')[0]}"
        outcome = Outcome(Ending.PASSED)
        # A test that failed may have an error of its teardown too: the failure counts.
        for tag, ending in (("skipped", Ending.NOT_RUN), ("error", Ending.NOT_RUN), ("failure", Ending.FAILED)):
            if (element := case.find(tag)) is not None:
                outcome = Outcome(ending, _shown(element.get("message", "")))
        if test not in found or found[test].ending is not Ending.FAILED:
            found[test] = outcome
    return found


def run_vitest(tests: Sequence[str], environment: Mapping[str, str]) -> dict[str, Outcome]:
    """Run tests, `tests/….test.ts > title > title`, and return how each ended."""
    files = sorted({test.partition(" > ")[0] for test in tests})
    titles = [re.escape(" ".join(test.split(" > ")[1:])) for test in tests]
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        report = Path(folder) / "report.json"
        command = [str(ROOT / "ui/node_modules/.bin/vitest"), "run", *files, "-t", f"^ ?({'|'.join(titles)})$"]
        said = _run([*command, "--reporter=json", f"--outputFile={report}"], ROOT / "ui", environment)
        if not report.exists():
            return dict.fromkeys(tests, Outcome(Ending.NOT_RUN, said))
        endings = from_vitest(report.read_text(), ROOT / "ui")
    return {test: endings.get(test, Outcome(Ending.NOT_RUN, f"Vitest did not run it: {said}")) for test in tests}


def from_vitest(report: str, root: Path) -> dict[str, Outcome]:
    """Outcomes by test, in a JSON report of Vitest. A file that fails as a whole has run no test."""
    found: dict[str, Outcome] = {}
    for file in json.loads(report)["testResults"]:
        path = Path(file["name"]).relative_to(root).as_posix()
        cases = file["assertionResults"]
        # The file failed, and none of its tests: it could not be set up, or its module was never loaded.
        broken = file["status"] == "failed" and not any(case["status"] == "failed" for case in cases)
        for case in cases:
            if case["status"] not in {"passed", "failed"}:
                continue
            reason = _shown((case["failureMessages"] or [""])[0].partition("\n")[0])
            outcome = Outcome(Ending(case["status"]), reason)
            if broken:
                outcome = Outcome(Ending.NOT_RUN, _shown(file.get("message") or "the test file failed as a whole"))
            found[" > ".join([path, *case["ancestorTitles"], case["title"]])] = outcome
    return found


def _run(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> str:
    """The end of what a command said."""
    try:
        ended = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it had not ended after {RUN_SECONDS} s"
    return _shown((ended.stdout + ended.stderr)[-SHOWN_CHARACTERS:])


def _shown(text: str) -> str:
    """On one line, and short."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())[:SHOWN_CHARACTERS]
