"""Collects the evidence of a failed test in one folder, whose path is printed with the failure.

`artefacts/failures/TIER.MODULE.TEST/` holds the failure's text, the local stage's own logs, the log lines of
functions and workflow since the test began, the output of `parley follow` for the messages concerned, and what the
test's fixtures registered (for browsers: screenshots and Playwright traces).
"""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.local_stage import ROOT, TestStage
from tests.waiting import DEADLINE_SECONDS

FAILURES = ROOT / "artefacts" / "failures"
MESSAGE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
"""Matches message ids: they alone are UUIDs of version 5."""

MAX_FOLLOWED = 3
MAX_FAILURES_FOLLOWED = 10

Collector = Callable[[Path], object]

_COLLECTORS = pytest.StashKey[list[Collector]]()
_STARTED = pytest.StashKey[float]()
_FOLLOWED = pytest.StashKey[int]()


def register(node: pytest.Item | Any, collector: Collector) -> None:
    """Register a function to call with the failure's folder if this test fails, before its fixtures end."""
    node.stash.setdefault(_COLLECTORS, []).append(collector)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove the evidence of an earlier run."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(FAILURES, ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record when the test began."""
    item.stash[_STARTED] = time.time()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Collect the evidence of a failure before the test's fixtures end."""
    report: pytest.TestReport = yield
    if report.failed and report.when in ("setup", "call"):
        folder = FAILURES / _folder_name(item.nodeid)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        errors = _collect(item, report, folder)
        lines = [str(folder), *(f"not collected: {error}" for error in errors)]
        report.sections.append(("Evidence", "\n".join(lines)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the folders with evidence, after the failures."""
    if FAILURES.is_dir() and (terminalreporter.stats.get("failed") or terminalreporter.stats.get("error")):
        terminalreporter.section("evidence of the failures")
        for folder in sorted(FAILURES.iterdir()):
            terminalreporter.write_line(str(folder))


def _folder_name(nodeid: str) -> str:
    """`browser.test_sending.test_it[a]` for `tests/browser/test_sending.py::test_it[a]`, cut to 150 characters."""
    path, _, test = nodeid.removeprefix("tests/").partition("::")
    name = f"{path.removesuffix('.py').replace('/', '.')}.{test.replace('::', '.')}"
    return re.sub(r"[^\w.\[\]-]+", "_", name)[:150]


def _collect(item: pytest.Item, report: pytest.TestReport, folder: Path) -> list[str]:
    """Write all evidence to the folder. Returns one sentence for each part that could not be written."""
    errors: list[str] = []

    @contextmanager
    def attempt(part: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            errors.append(f"{part}: {type(error).__name__}: {str(error)[:200]}")

    with attempt("the failure"):
        (folder / "failure.txt").write_text(f"{item.nodeid}\n\n{report.longreprtext}\n")
    for collector in item.stash.get(_COLLECTORS, []):
        with attempt("a fixture's evidence"):
            collector(folder)
    for stage in _stages_of(item):
        with attempt("the stage's logs"):
            _copy_logs(stage, folder)
        with attempt("the logs of functions and workflow"):
            _write_log_groups(stage, folder, since_ms=int(item.stash[_STARTED] * 1000))
        with attempt("the messages concerned"):
            _follow_messages(item, stage, folder, report.longreprtext)
    return errors


def _stages_of(item: pytest.Item) -> list[TestStage]:
    values = getattr(item, "funcargs", {}).values()
    return list({id(value): value for value in values if isinstance(value, TestStage)}.values())


def _copy_logs(stage: TestStage, folder: Path) -> None:
    """Copy the logs of a local stage's supervisor, emulator and deployment."""
    if stage.state_dir is None:
        return
    for log in stage.state_dir.glob("*.log"):
        shutil.copy(log, folder / log.name)


def _write_log_groups(stage: TestStage, folder: Path, *, since_ms: int) -> None:
    """Write one file for each log group with lines since the test began."""
    logs = stage.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            lines = [
                event["message"].rstrip("\n")
                for events in logs.get_paginator("filter_log_events").paginate(
                    logGroupName=name, startTime=since_ms
                )
                for event in events["events"]
            ]
            if lines:
                target = folder / "logs" / f"{name.strip('/').replace('/', '.')}.log"
                target.parent.mkdir(exist_ok=True)
                target.write_text("\n".join(lines) + "\n")


def _follow_messages(item: pytest.Item, stage: TestStage, folder: Path, failure: str) -> None:
    """Follow the messages that the failure names, or else those that ran last while the test ran."""
    followed = item.config.stash.get(_FOLLOWED, 0)
    if followed >= MAX_FAILURES_FOLLOWED:
        return
    item.config.stash[_FOLLOWED] = followed + 1
    named = list(dict.fromkeys(MESSAGE_ID.findall(failure)))
    seconds = max(1, int(time.time() - item.stash[_STARTED]) + 1)
    runs = _ops(stage, "runs", "--since", f"{seconds}s")
    (folder / "runs.txt").write_text(runs)
    ids = named or MESSAGE_ID.findall(_ops(stage, "runs", "--since", f"{seconds}s", "--json"))
    for message_id in list(dict.fromkeys(ids))[:MAX_FOLLOWED]:
        (folder / f"follow-{message_id}.txt").write_text(_ops(stage, "follow", message_id))


def _ops(stage: TestStage, *arguments: str) -> str:
    """The output of a command of `parley` on the stage."""
    where = ["--state-dir", str(stage.state_dir)] if stage.state_dir else ["--stage", stage.stage.name]
    completed = subprocess.run(
        [sys.executable, "-m", "local.command_line", *where, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return completed.stdout + completed.stderr
