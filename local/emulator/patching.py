"""Replace functions of the one MiniStack version that the additions were written against.

Every addition goes through `replace`, so a version that moved or renamed a function is refused at start with
one clear sentence, instead of an addition that silently does nothing.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from types import ModuleType
from typing import Any

MINISTACK_VERSION = "1.5.33"


class UnsupportedEmulatorError(RuntimeError):
    """The installed MiniStack is not the one that these additions fit."""


def require_version() -> None:
    """Refuse any MiniStack but the pinned one: every addition rests on its private functions."""
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


def module(name: str) -> Any:
    """A module of MiniStack, by its dotted name below the package."""
    loaded: ModuleType = importlib.import_module(f"ministack.{name}")
    return loaded


def original(module_name: str, attribute: str) -> Any:
    """The function that an addition builds on or replaces; a missing one names itself."""
    found = getattr(module(module_name), attribute, None)
    if found is None:
        raise UnsupportedEmulatorError(
            f"ministack.{module_name}.{attribute} does not exist, so an addition of local/emulator has no place: "
            f"these additions fit ministack=={MINISTACK_VERSION} only."
        )
    return found


def replace(module_name: str, attribute: str, replacement: Callable[..., Any]) -> Any:
    """Put `replacement` in the place of an existing function and hand back the original."""
    before = original(module_name, attribute)
    setattr(module(module_name), attribute, replacement)
    return before
