"""What all tiers share: one stage for the tests that need one, and the command line options that choose it."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stage import proxies
from ops.stage.stage import Stage
from tests import chat_client, resuming_client
from tests.local_stage import TestStage, running_stage
from tests.waiting import DEADLINE_SECONDS

# The clients wait as long as the tests do.
chat_client.TIMEOUT_SECONDS = resuming_client.WAIT_SECONDS = DEADLINE_SECONDS

proxies.bypass_for_loopback()

pytest_plugins = ["pytester", "tests.guarantees.reporting", "tests.tiers", "tests.evidence"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that choose the stage. A running one is used with `pytest --state-dir .parley tests/integration`."""
    parser.addoption(
        "--state-dir", type=Path, default=None, help="use the running local stage of this state directory"
    )
    parser.addoption(
        "--stage", default=None, help="use the deployed stage of this name, in the AWS account of your credentials"
    )
    parser.addoption("--long", action="store_true", help="run the guarantees with many more repetitions")


def pytest_collection_finish() -> None:
    """Leave what is imported out of garbage collections, which take a tenth of the unit tests' time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestStage]:
    """The stage under test: by default a new local stage, deployed once for each test process."""
    deployed: str | None = request.config.getoption("--stage")
    if deployed:
        yield TestStage(Stage.find(deployed), None)
        return
    state_dir: Path | None = request.config.getoption("--state-dir")
    if state_dir:
        yield TestStage(Stage.local(state_dir), state_dir)
        return
    with running_stage(tmp_path_factory.mktemp("stage")) as running:
        yield running
