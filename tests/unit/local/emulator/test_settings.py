"""The emulator's settings come from environment variables."""

import pytest

from local.emulator.settings import EmulatorSettings


def test_a_variable_that_is_not_a_number_is_rejected(monkeypatch: pytest.MonkeyPatch):
    """The error contains its name and its value."""
    monkeypatch.setenv("PARLEY_EMULATOR_PORT", "4566")
    monkeypatch.setenv("PARLEY_EMULATOR_STATE_DIRECTORY", "state")
    monkeypatch.setenv("PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS", "soon")
    expected = r"^PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS must be a number, but is 'soon'\.$"
    with pytest.raises(ValueError, match=expected):
        EmulatorSettings.from_environment()
