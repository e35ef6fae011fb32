"""Print the steps of a start with their durations: with a spinner on a terminal, as plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console


@dataclass
class Step:
    """A running step; `done`, the line printed at its end, may be replaced while it runs."""

    done: str


class Progress:
    """Prints each step when it is done; a terminal also shows the running one."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console = Console(file=self._stream, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[Step]:
        """Time a block: `doing` while it runs (on a terminal), `done` with the seconds if it succeeds."""
        step = Step(done)
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(f"{doing} …"):
                yield step
        else:
            yield step
        elapsed = f"{time.monotonic() - started:.1f} s"
        if self._console.is_terminal:
            self._console.print(f"[green]✓[/] {step.done} [dim]{elapsed}[/]")
        else:
            self.write_line(f"{step.done} ({elapsed})")

    def write_line(self, line: str = "", *, style: str | None = None) -> None:
        """Print one line as it is, without markup."""
        self._console.print(line, style=style, markup=False)
        self._stream.flush()
