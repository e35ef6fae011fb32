"""What all tiers share: one local stage for the tests that talk to one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import chat_client
from ops.stage.stage import Stage
from tests import resuming_client
from tests.local_stage import TestStage, running_stage
from tests.waiting import DEADLINE_SECONDS

# The clients that tests share with operators wait as long as everything else here.
chat_client.TIMEOUT_SECONDS = resuming_client.SEEN_SECONDS = DEADLINE_SECONDS

pytest_plugins = ["pytester", "tests.guarantees.reporting", "tests.tiers", "tests.evidence"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """A stage that runs already saves its start: `pytest --state-dir .parley tests/integration`."""
    parser.addoption("--state-dir", type=Path, default=None, help="use the local stage that runs there")
    parser.addoption("--stage", default=None, help="use the stage of that name in the account of your credentials")
    parser.addoption("--long", action="store_true", help="the long form of the guarantees")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestStage]:
    """A local stage, deployed once for all tests that need one."""
    deployed: str | None = request.config.getoption("--stage")
    if deployed:
        yield TestStage(Stage.deployed(deployed), None)
        return
    state_dir: Path | None = request.config.getoption("--state-dir")
    if state_dir:
        yield TestStage(Stage.local(state_dir), state_dir)
        return
    with running_stage(tmp_path_factory.mktemp("stage")) as running:
        yield running
