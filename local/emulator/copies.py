"""Copy JSON values without the administration of `copy.deepcopy`.

MiniStack copies items of tables for each update, and the context of an execution, with its variables, for each
item of a Map. For values of JSON, which contain neither cycles nor objects with state, a plain recursion takes a
fifth of the time. A context needs no copy of what is in it: no state changes its variables or its input, and
`workflow_executions` gives each item its own variables.
"""

import copy
from collections.abc import Callable
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


def workflow_copy(value: Any) -> Any:
    """A copy of a value of Step Functions; that of an execution's context shares what is in it."""
    if type(value) is dict and "StateMachine" in value and "variables" in value:
        return dict(value)
    return json_copy(value)


class Copies:
    """Has the place of the module `copy` in a module of MiniStack that uses its `deepcopy` only."""

    def __init__(self, deepcopy: Callable[[Any], Any]) -> None:
        self.deepcopy = deepcopy


copies = Copies(json_copy)
workflow_copies = Copies(workflow_copy)


def install() -> None:
    """Replace `copy` in the modules that copy for each message."""
    for name, replacement in (("services.dynamodb", copies), ("services.stepfunctions", workflow_copies)):
        patching.original(name, "copy")
        patching.module(name).copy = replacement
