"""What a failed test leaves for its reader: one folder, whose path is printed with the failure.

`artefacts/failures/TIER.MODULE.TEST/` holds the failure as text, the local stage's own logs, what its functions
and its workflow logged since the test began, `follow` of the messages in question, and what the test's fixtures
registered (for browsers: screenshots and Playwright traces).
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
"""Message ids are UUIDs of version 5, which nothing else here is."""

MAX_FOLLOWED = 3
MAX_FAILURES_FOLLOWED = 10

Collector = Callable[[Path], object]

_COLLECTORS = pytest.StashKey[list[Collector]]()
_STARTED = pytest.StashKey[float]()
_FOLLOWED = pytest.StashKey[int]()


def register(node: pytest.Item | Any, collector: Collector) -> None:
    """Have a function called with the failure's folder if this test fails, before its fixtures end."""
    node.stash.setdefault(_COLLECTORS, []).append(collector)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove what an earlier run left."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(FAILURES, ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember when the test began."""
    item.stash[_STARTED] = time.time()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Collect the evidence of a failure while everything that the test used is still there."""
    report: pytest.TestReport = yield
    if report.failed and report.when in ("setup", "call"):
        folder = FAILURES / _folder_name(item.nodeid)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        trouble = _collect(item, report, folder)
        lines = [str(folder), *(f"not collected: {each}" for each in trouble)]
        report.sections.append(("Evidence", "\n".join(lines)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the evidence is, after the failures."""
    if FAILURES.is_dir() and (terminalreporter.stats.get("failed") or terminalreporter.stats.get("error")):
        terminalreporter.section("evidence of the failures")
        for folder in sorted(FAILURES.iterdir()):
            terminalreporter.write_line(str(folder))


def _folder_name(nodeid: str) -> str:
    """`browser.test_sending.test_it[a]` for `tests/browser/test_sending.py::test_it[a]`, cut to 150."""
    path, _, test = nodeid.removeprefix("tests/").partition("::")
    name = f"{path.removesuffix('.py').replace('/', '.')}.{test.replace('::', '.')}"
    return re.sub(r"[^\w.\[\]-]+", "_", name)[:150]


def _collect(item: pytest.Item, report: pytest.TestReport, folder: Path) -> list[str]:
    """Write everything; what could not be written, in words."""
    trouble: list[str] = []

    @contextmanager
    def attempt(what: str) -> Iterator[None]:
        try:
            yield
        except Exception as problem:
            trouble.append(f"{what}: {type(problem).__name__}: {str(problem)[:200]}")

    with attempt("the failure"):
        (folder / "failure.txt").write_text(f"{item.nodeid}\n\n{report.longreprtext}\n")
    for collector in item.stash.get(_COLLECTORS, []):
        with attempt("what a fixture registered"):
            collector(folder)
    for stage in _stages_of(item):
        with attempt("the stage's logs"):
            _copy_logs(stage, folder)
        with attempt("what functions and workflow logged"):
            _write_log_groups(stage, folder, since_ms=int(item.stash[_STARTED] * 1000))
        with attempt("the messages in question"):
            _follow_messages(item, stage, folder, report.longreprtext)
    return trouble


def _stages_of(item: pytest.Item) -> list[TestStage]:
    values = getattr(item, "funcargs", {}).values()
    return list({id(value): value for value in values if isinstance(value, TestStage)}.values())


def _copy_logs(stage: TestStage, folder: Path) -> None:
    """The supervisor's, the emulator's and the deployment's logs of a local stage."""
    if stage.state_dir is None:
        return
    for log in stage.state_dir.glob("*.log"):
        shutil.copy(log, folder / log.name)


def _write_log_groups(stage: TestStage, folder: Path, *, since_ms: int) -> None:
    """One file for each log group that got lines since the test began."""
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
    """`follow` of the messages that the failure names, else of those that ran last while the test ran."""
    done = item.config.stash.get(_FOLLOWED, 0)
    if done >= MAX_FAILURES_FOLLOWED:
        return
    item.config.stash[_FOLLOWED] = done + 1
    named = list(dict.fromkeys(MESSAGE_ID.findall(failure)))
    seconds = max(1, int(time.time() - item.stash[_STARTED]) + 1)
    runs = _ops(stage, "runs", "--since", f"{seconds}s")
    (folder / "runs.txt").write_text(runs)
    found = named or MESSAGE_ID.findall(_ops(stage, "runs", "--since", f"{seconds}s", "--json"))
    for message_id in list(dict.fromkeys(found))[:MAX_FOLLOWED]:
        (folder / f"follow-{message_id}.txt").write_text(_ops(stage, "follow", message_id))


def _ops(stage: TestStage, *arguments: str) -> str:
    """What an operator's command says of the stage."""
    where = ["--state-dir", str(stage.state_dir)] if stage.state_dir else ["--stage", stage.stage.name]
    done = subprocess.run(
        [sys.executable, "-m", "local.command_line", *where, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    return done.stdout + done.stderr
