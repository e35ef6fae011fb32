"""Fixtures of the tests of the emulator's additions."""

from collections.abc import Iterator

import pytest

from local.emulator.deferred_writes import deferred_writes


@pytest.fixture(autouse=True)
def written_logs() -> Iterator[None]:
    """Make the deferred writes of a test before the next one."""
    yield
    deferred_writes.flush()
