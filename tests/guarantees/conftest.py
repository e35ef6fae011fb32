"""Fixtures of the guarantees: the record of each test for the report, and faults of the emulator.

`make guarantees` runs all tests on a local stage, `make test` the quick ones. With `--stage NAME` they run on a
deployed stage, where tests that need the emulator's faults are skipped. `--long` repeats everything much more
often.
"""

from collections.abc import Iterator

import pytest

from tests.emulator_control import LocalStage
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.guarantees.reporting import RECORD, report_of
from tests.local_stage import TestStage


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether the tests run with many more repetitions."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def is_thorough(request: pytest.FixtureRequest) -> bool:
    """Whether every test runs in full."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """The test's record in the report. Its promise is the module's PROMISE."""
    new = Record(request.module.PROMISE)
    request.node.stash[RECORD] = new
    report_of(request.config).records.append(new)
    return new


@pytest.fixture
def faults(stage: TestStage, record: Record) -> Iterator[Faults]:
    """Injects faults into the local stage. On a deployed stage the test is skipped, with a reason."""
    if stage.state_dir is None:
        pytest.skip("faults can be injected in a local stage only")
    injected = Faults(LocalStage.load(stage.state_dir))
    yield injected
    injected.put()
