"""Every promise on whichever stage is asked for, recorded for the report.

`make guarantees` runs everything on a local stage, `make test` what is quick of it; with `--stage NAME` it is a
deployed one, where tests that need the emulator's faults are skipped and say so. `--long` is the long form.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from local.stage import LocalStage
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record, Report
from tests.local_stage import TestStage

REPORT = pytest.StashKey[Report]()
RECORD = pytest.StashKey[Record]()


def report_of(config: pytest.Config) -> Report:
    """The report of this run."""
    return config.stash.setdefault(REPORT, Report(stage=config.getoption("--stage") or "local"))


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long form."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Where a test says what it tried. The promise is the module's PROMISE."""
    found = Record(request.module.PROMISE)
    request.node.stash[RECORD] = found
    report_of(request.config).records.append(found)
    return found


@pytest.fixture
def faults(stage: TestStage, record: Record) -> Iterator[Faults]:
    """Faults of the emulator; a deployed stage has none to ask for, which the record says."""
    if stage.state_dir is None:
        pytest.skip("faults can be injected in a local stage only")
    found = Faults(LocalStage.load(stage.state_dir))
    yield found
    found.put()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is thorough, unless it is asked for."""
    if config.getoption("--thorough") or config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Tell each record how its test ended."""
    outcome = yield
    record = item.stash.get(RECORD, None)
    if record is not None and (call.when == "call" or outcome.outcome != "passed"):
        record.outcome = outcome.outcome
        record.reason = str(call.excinfo.value)[:200] if call.excinfo else ""
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, and where the page is."""
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.section(f"guarantees on the stage {report.stage}")
    for line in report.lines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"With plots: {report.write()}")
