"""Settings: a function reads what CDK writes to its environment."""

import pytest

from functions import settings
from functions.settings import FunctionSettings, SendMessageSettings

CLASSES = [
    value
    for value in vars(settings).values()
    if isinstance(value, type) and issubclass(value, FunctionSettings) and value is not FunctionSettings
]


def example(settings_class: type[FunctionSettings]) -> FunctionSettings:
    """Settings in which every field has a different value."""
    values = {
        name: f"the-{name}" if field.annotation is str else 7 + number
        for number, (name, field) in enumerate(settings_class.model_fields.items())
    }
    return settings_class.model_validate(values)


@pytest.mark.parametrize("settings_class", CLASSES)
def test_settings_are_read_as_they_were_written(
    settings_class: type[FunctionSettings], monkeypatch: pytest.MonkeyPatch
):
    """For every function's class, with every field."""
    written = example(settings_class)
    for name, value in written.to_env().items():
        assert name.startswith("PARLEY_")
        assert name == name.upper()
        monkeypatch.setenv(name, value)
    assert settings_class.from_env() == written


@pytest.mark.parametrize("settings_class", CLASSES)
def test_missing_settings_are_named(settings_class: type[FunctionSettings]):
    """A function without a setting fails at its first invocation and names the variable."""
    required = [name for name, field in settings_class.model_fields.items() if field.is_required()]
    with pytest.raises(RuntimeError) as raised:
        settings_class.from_env()
    assert all(f"PARLEY_{name.upper()}" in str(raised.value) for name in required)


def test_an_invalid_setting_is_named(monkeypatch: pytest.MonkeyPatch):
    """The error names the variable."""
    for name, value in example(SendMessageSettings).to_env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PARLEY_MESSAGE_BURST", "many")
    with pytest.raises(RuntimeError, match=r"^send_message_settings: .*: PARLEY_MESSAGE_BURST$"):
        SendMessageSettings.from_env()
