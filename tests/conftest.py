"""What all tiers share: one local stage for the tests that talk to one."""

from collections.abc import Iterator

import pytest

from tests.local_stage import TestStage, running_stage


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestStage]:
    """A local stage, deployed once for all tests that need one."""
    with running_stage(tmp_path_factory.mktemp("stage")) as running:
        yield running
