"""Brings the records of a run together, from whichever process ran a test, and shows them at the end."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.guarantees.report import Record, Report

REPORT = pytest.StashKey[Report]()
RECORD = pytest.StashKey[Record]()


def report_of(config: pytest.Config) -> Report:
    """The report of this run."""
    return config.stash.setdefault(REPORT, Report(stage=config.getoption("--stage") or "local"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Tell each record how its test ended."""
    outcome = yield
    record = item.stash.get(RECORD, None)
    if record is not None and (call.when == "call" or outcome.outcome != "passed"):
        record.outcome = outcome.outcome
        record.reason = str(call.excinfo.value)[:200] if call.excinfo else ""
    return outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that ran tests for another (`pytest -n`) hands its records over."""
    report = session.config.stash.get(REPORT, None)
    if report is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["guarantees"] = [asdict(record) for record in report.records]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The one that asked takes them."""
    records = getattr(node, "workeroutput", {}).get("guarantees", [])
    if records:
        report_of(node.config).records += [Record.restored(record) for record in records]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, and where the page is."""
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.section(f"guarantees on the stage {report.stage}")
    for line in report.lines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"With plots: {report.write()}")
