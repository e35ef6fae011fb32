"""Mutants of the workflow: a state, a path within it, and the value to set there.

They apply to the definition in the file and to that of a stage, in which names and ARNs replace the placeholders.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutants.errors import MutationError

DEFINITION = "workflows/deliver.asl.json"


@dataclass(frozen=True)
class Replace:
    """Replaces a part of a text that occurs once."""

    part: str
    by: str

    def __call__(self, value: object) -> object:
        """The new text. Raises MutationError."""
        if not isinstance(value, str) or value.count(self.part) != 1:
            times = value.count(self.part) if isinstance(value, str) else 0
            raise MutationError(f"'{self.part}' occurs {times} times, not once")
        return value.replace(self.part, self.by)


@dataclass(frozen=True)
class WorkflowChange:
    """Sets the value at a path within a state: `to` is the new value, or computes it from the old one."""

    state: str
    path: tuple[str | int, ...]
    to: str | Replace

    @property
    def file(self) -> str:
        """The definition's file, below the root of the project."""
        return DEFINITION

    @property
    def name(self) -> str:
        """The target, as reports name it."""
        return f"{DEFINITION}:{'.'.join([self.state, *map(str, self.path)])}"

    def applied(self, root: Path) -> str:
        """The changed text of the file. Raises MutationError."""
        return json.dumps(self.applied_to(json.loads((root / DEFINITION).read_text())), indent=2) + "\n"

    def applied_to(self, definition: Any) -> Any:
        """A changed copy of a definition. Raises MutationError."""
        changed = copy.deepcopy(definition)
        states = list(_named(changed, self.state))
        if len(states) != 1:
            raise MutationError(f"{self.name}: there are {len(states)} states {self.state}")
        node = states[0]
        *parents, last = self.path
        try:
            for step in parents:
                node = node[step]
            old = node[last]
        except (KeyError, IndexError, TypeError):
            raise MutationError(f"{self.name}: there is no such path") from None
        try:
            new = self.to(old) if isinstance(self.to, Replace) else self.to
        except MutationError as error:
            raise MutationError(f"{self.name}: {error}") from None
        if new == old:
            raise MutationError(f"{self.name}: the value is {old!r} already")
        node[last] = new
        return changed


def _named(part: Any, name: str) -> Iterator[Any]:
    """The states with a name, including those nested in a Map or Parallel."""
    if isinstance(part, dict):
        states = part.get("States")
        if isinstance(states, dict) and name in states:
            yield states[name]
        for value in part.values():
            yield from _named(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _named(value, name)
