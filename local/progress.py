"""Show the steps of a start with the time that each took: live on a terminal, one plain line each elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console


class Step:
    """A running step; its closing words may depend on what it found."""

    def __init__(self, done: str) -> None:
        self.done = done


class Steps:
    """Prints each step when it is done; on a terminal it also shows the one that runs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console = Console(file=self._stream, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[Step]:
        """Time a block: `doing` while it runs (on a terminal), `done` with the seconds when it succeeded."""
        current = Step(done)
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{doing} …"):
                yield current
        else:
            yield current
        elapsed = f"{time.monotonic() - began:.1f} s"
        if self._console.is_terminal:
            self._console.print(f"[green]✓[/] {current.done} [dim]{elapsed}[/]")
        else:
            self.say(f"{current.done} ({elapsed})")

    def say(self, line: str = "", *, style: str | None = None) -> None:
        """Print one line as it is."""
        self._console.print(line, style=style, markup=False)
        self._stream.flush()
