"""What the emulator is told by variables."""

import pytest

from local.emulator.settings import EmulatorSettings


def test_a_variable_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch):
    """Whoever set it reads which one, and what it was."""
    monkeypatch.setenv("PARLEY_EMULATOR_PORT", "4566")
    monkeypatch.setenv("PARLEY_EMULATOR_STATE_DIRECTORY", "state")
    monkeypatch.setenv("PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS", "soon")
    expected = r"^PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS must be a number, but is 'soon'\.$"
    with pytest.raises(ValueError, match=expected):
        EmulatorSettings.from_environment()
