"""Mutants of the browser client: `ui/tests/mutants.json` lists symbols, each with the code that replaces it.

The Vite plugin `ui/tests/mutants.ts` applies a mutant while Vitest runs. No file is changed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).resolve().parents[2] / "ui" / "tests" / "mutants.json"
VARIABLE = "PARLEY_UI_MUTANT"
"""The environment variable that names the mutant to Vitest."""


@dataclass(frozen=True)
class TypeScriptChange:
    """Replaces a symbol of a file below ui/: the body of a function or method, or the value of a const.

    A symbol is `merge`, `ROTATE_AFTER_MS`, `History.watchGap` or `Chat.#fetchMissed`.
    """

    mutant: str
    """The mutant's `what` in the list."""
    path: str
    symbol: str

    @property
    def file(self) -> str:
        """The symbol's file, below the root of the project."""
        return f"ui/{self.path}"

    @property
    def name(self) -> str:
        """The target, as reports name it."""
        return f"{self.file}:{self.symbol}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for Vitest."""
        return {VARIABLE: self.mutant}


def read_list() -> list[dict[str, str]]:
    """The list's items, each with `what`, `promise`, `file`, `symbol`, `code` and `test`."""
    mutants: list[dict[str, str]] = json.loads(LIST.read_text())
    return mutants
