"""When the emulator saves its state: how much of the time that takes does not grow with the state."""

from unittest.mock import Mock

import pytest

from local.emulator.persistence.state_saving import MAX_JOURNAL_BYTES, StateSaving


@pytest.mark.parametrize(
    ("took", "journal_bytes", "seconds"),
    [
        (0.1, 0, 30),
        (0.1, MAX_JOURNAL_BYTES + 1, 30),
        (2, 0, 198),
        (5, 0, 300),
        (5, MAX_JOURNAL_BYTES + 1, 45),
        (50, 0, 450),
    ],
)
def test_the_pause_grows_with_the_time_that_a_save_takes(took: float, journal_bytes: int, seconds: float):
    """A hundredth of the time is spent on saving, or a tenth after five minutes or with a long journal."""
    saving = StateSaving(30, lambda: 0, Mock(), Mock())
    saving._took = took
    assert not saving.is_due(seconds - 0.1, journal_bytes)
    assert saving.is_due(seconds, journal_bytes)
