"""A pytest plugin that collects the records of all test processes and prints the report at the end."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.guarantees.report import Record, Report

REPORT = pytest.StashKey[Report]()
RECORD = pytest.StashKey[Record]()


def report_of(config: pytest.Config) -> Report:
    """The report of this pytest run."""
    return config.stash.setdefault(REPORT, Report(stage=config.getoption("--stage") or "local"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Set the outcome of the test's record."""
    outcome = yield
    record = item.stash.get(RECORD, None)
    if record is not None and (call.when == "call" or outcome.outcome != "passed"):
        record.outcome = outcome.outcome
        record.reason = str(call.excinfo.value)[:200] if call.excinfo else ""
    return outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of `pytest -n`, pass the records to the main process."""
    report = session.config.stash.get(REPORT, None)
    if report is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["guarantees"] = [asdict(record) for record in report.records]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the main process, add the records of a worker to the report."""
    records = getattr(node, "workeroutput", {}).get("guarantees", [])
    if records:
        report_of(node.config).records += [Record.restored(record) for record in records]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table and the path of the page."""
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.section(f"guarantees on the stage {report.stage}")
    for line in report.lines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"With plots: {report.write()}")
