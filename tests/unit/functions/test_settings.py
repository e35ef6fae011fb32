"""Settings: what CDK writes into a function's environment is what the function reads back."""

import pytest

from functions import settings
from functions.settings import FunctionSettings, SendMessageSettings

CLASSES = [
    each
    for each in vars(settings).values()
    if isinstance(each, type) and issubclass(each, FunctionSettings) and each is not FunctionSettings
]


def example(settings_class: type[FunctionSettings]) -> FunctionSettings:
    """Settings in which every field has a value of its own."""
    made = {
        name: f"the-{name}" if field.annotation is str else 7 + number
        for number, (name, field) in enumerate(settings_class.model_fields.items())
    }
    return settings_class.model_validate(made)


@pytest.mark.parametrize("settings_class", CLASSES)
def test_what_is_written_is_read_back(settings_class: type[FunctionSettings], monkeypatch: pytest.MonkeyPatch):
    """For every function's class, with every field."""
    written = example(settings_class)
    for name, value in written.to_env().items():
        assert name.startswith("PARLEY_")
        assert name == name.upper()
        monkeypatch.setenv(name, value)
    assert settings_class.from_env() == written


@pytest.mark.parametrize("settings_class", CLASSES)
def test_what_is_missing_is_named(settings_class: type[FunctionSettings]):
    """A function that lacks a setting says which, and fails at once."""
    needed = [name for name, field in settings_class.model_fields.items() if field.is_required()]
    with pytest.raises(RuntimeError) as raised:
        settings_class.from_env()
    assert all(f"PARLEY_{name.upper()}" in str(raised.value) for name in needed)


def test_a_wrong_value_is_named_and_not_told(monkeypatch: pytest.MonkeyPatch):
    """The error names the variable."""
    for name, value in example(SendMessageSettings).to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PARLEY_MESSAGE_BURST", "many")
    with pytest.raises(RuntimeError, match=r"^send_message_settings: .*: PARLEY_MESSAGE_BURST$"):
        SendMessageSettings.from_env()
