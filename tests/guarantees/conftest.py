"""Every promise on whichever stage is asked for, recorded for the report.

`make guarantees` runs everything on a local stage, `make test` what is quick of it; with `--stage NAME` it is a
deployed one, where tests that need the emulator's faults are skipped and say so. `--long` is the long form.
"""

from collections.abc import Iterator

import pytest

from local.stage import LocalStage
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.guarantees.reporting import RECORD, report_of
from tests.local_stage import TestStage


@pytest.fixture
def is_long(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long form."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def is_thorough(request: pytest.FixtureRequest) -> bool:
    """Whether every test runs in full."""
    return bool(request.config.getoption("--thorough"))


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
