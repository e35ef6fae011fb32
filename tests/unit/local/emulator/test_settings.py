"""The emulator's settings come from environment variables."""

import pytest

from local.emulator import __main__ as emulator
from local.emulator.settings import EmulatorSettings, InvalidSettingError


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that have no default."""
    monkeypatch.setenv("PARLEY_EMULATOR_PORT", "4566")
    monkeypatch.setenv("PARLEY_EMULATOR_STATE_DIRECTORY", "state")


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf"])
def test_a_variable_that_is_not_a_number_is_rejected(text: str, monkeypatch: pytest.MonkeyPatch):
    """The error contains its name and its value."""
    monkeypatch.setenv("PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS", text)
    expected = f"^PARLEY_EMULATOR_SAVE_INTERVAL_SECONDS must be a number that is not negative, but is '{text}'\\.$"
    with pytest.raises(InvalidSettingError, match=expected):
        EmulatorSettings.from_environment()


def test_the_emulator_ends_with_the_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """And with an exit code, without a stack trace."""
    monkeypatch.setenv("PARLEY_EMULATOR_KEPT_TRACES", "many")
    with pytest.raises(SystemExit) as end:
        emulator.main()
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "PARLEY_EMULATOR_KEPT_TRACES must be a number that is not negative, but is 'many'.\n"
    )


def test_a_variable_may_be_zero_or_empty(monkeypatch: pytest.MonkeyPatch):
    """An empty one is as good as none."""
    monkeypatch.setenv("PARLEY_EMULATOR_CANARY_SECONDS", "0")
    monkeypatch.setenv("PARLEY_EMULATOR_KEPT_TRACES", "")
    settings = EmulatorSettings.from_environment()
    assert (settings.canary_seconds, settings.kept_traces) == (0, EmulatorSettings.kept_traces)
