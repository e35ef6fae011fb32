"""Mutants of the browser client, listed in `ui/tests/mutants.json`: a symbol, and other code for it.

The change is made by `ui/tests/mutants.ts`, a Vite plugin, while Vitest runs; no file changes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).resolve().parents[2] / "ui" / "tests" / "mutants.json"
VARIABLE = "PARLEY_UI_MUTANT"
"""The environment variable that names the mutant to Vitest."""


@dataclass(frozen=True)
class TypeScriptChange:
    """Other code for a symbol of a file below ui/: the body of a function or method, the value of a const.

    A symbol is `merge`, `ROTATE_AFTER_MS`, `History.watchGap` or `Chat.#resume`.
    """

    mutant: str
    """Its name in the list."""
    path: str
    symbol: str

    @property
    def file(self) -> str:
        """Where the symbol is, below the root of the project."""
        return f"ui/{self.path}"

    @property
    def name(self) -> str:
        """The target, as reports name it."""
        return f"{self.file}:{self.symbol}"

    @property
    def environment(self) -> dict[str, str]:
        """What Vitest has to be told."""
        return {VARIABLE: self.mutant}


def listed() -> list[dict[str, str]]:
    """The list: each with `what`, `promise`, `file`, `symbol`, `code` and `test`."""
    found: list[dict[str, str]] = json.loads(LIST.read_text())
    return found
