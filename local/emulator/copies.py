"""Copy JSON values without the administration of `copy.deepcopy`.

MiniStack copies the variables of an execution for each item of a Map, and items of tables for each update. For
values of JSON, which contain neither cycles nor objects with state, a plain recursion takes a fifth of the time.
"""

import copy
from typing import Any

from local.emulator import patching

ATOMS = frozenset({str, int, float, bool, type(None)})


def json_copy(value: Any) -> Any:
    """A copy of a value, with copies of the objects and arrays in it. Other types are copied as Python does."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        return {name: inner if type(inner) in ATOMS else json_copy(inner) for name, inner in value.items()}
    if kind is list:
        return [inner if type(inner) in ATOMS else json_copy(inner) for inner in value]
    return copy.deepcopy(value)


class Copies:
    """Has the place of the module `copy` in modules of MiniStack that use its `deepcopy` only."""

    def __init__(self) -> None:
        self.deepcopy = json_copy


copies = Copies()


def install() -> None:
    """Replace `copy` in the modules that copy for each message."""
    for name in ("services.dynamodb", "services.stepfunctions"):
        patching.original(name, "copy")
        patching.module(name).copy = copies
