"""Replace functions of the one MiniStack version that the additions were written for.

Every addition uses `original` or `replace`. When a version of MiniStack has moved or renamed a function, the
emulator does not start and prints which function is missing; without this check the addition would silently do
nothing.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

MINISTACK_VERSION = "1.5.33"


class UnsupportedEmulatorError(RuntimeError):
    """The installed MiniStack is not the version that the additions were written for."""


def require_version() -> None:
    """Raise UnsupportedEmulatorError unless the pinned version is installed: additions use private functions."""
    try:
        installed = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        raise UnsupportedEmulatorError(
            f"The local stage needs ministack=={MINISTACK_VERSION}, which is not installed: run `make setup`."
        ) from None
    if installed != MINISTACK_VERSION:
        raise UnsupportedEmulatorError(
            f"The local stage needs ministack=={MINISTACK_VERSION}, and {installed} is installed: "
            "run `make setup`."
        )


@cache
def module(name: str) -> Any:
    """A module of MiniStack, by its dotted name in the package: `services.sqs`."""
    loaded: ModuleType = importlib.import_module(f"ministack.{name}")
    return loaded


def original(module_name: str, attribute: str) -> Any:
    """The function that an addition calls or replaces. Raises UnsupportedEmulatorError when it does not exist."""
    value = getattr(module(module_name), attribute, None)
    if value is None:
        raise UnsupportedEmulatorError(
            f"ministack.{module_name}.{attribute} does not exist, and local/emulator needs it: "
            f"install ministack=={MINISTACK_VERSION} with `make setup`."
        )
    return value


def replace(module_name: str, attribute: str, replacement: Callable[..., Any]) -> Any:
    """Replace an existing function, and return the original."""
    before = original(module_name, attribute)
    setattr(module(module_name), attribute, replacement)
    return before
