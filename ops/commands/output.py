"""Output of the commands: tables and colours in a terminal, plain lines in a pipe, JSON for scripts."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.commands import safe_text
from ops.commands.row_table import RowTable
from ops.commands.safe_text import SafeText
from ops.models import Answer

PIPED_WIDTH = 220


def console(*, stderr: bool = False) -> Console:
    """A console: coloured in a terminal; in a pipe plain, without wrapped lines. Text is shown without markup."""
    stream = sys.stderr if stderr else sys.stdout
    options: dict[str, Any] = {"stderr": stderr, "highlight": False, "markup": False, "emoji": False}
    if not (stream.isatty() or os.environ.get("FORCE_COLOR")):
        options |= {"width": PIPED_WIDTH, "no_color": True, "force_terminal": False, "soft_wrap": True}
    made = Console(**options)
    made.push_render_hook(SafeText())
    return made


def is_terminal() -> bool:
    """Whether stdout is a terminal, or should be treated as one."""
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def as_json(answer: Answer | Sequence[Answer]) -> None:
    """Print an answer, or a list of them, as one JSON document."""
    value = _plain(answer) if isinstance(answer, Answer) else [_plain(item) for item in answer]
    sys.stdout.write(safe_text.escaped(json.dumps(value, indent=2, ensure_ascii=False)) + "\n")


def as_json_line(answer: Answer) -> None:
    """Print an answer as JSON on one line and flush: for streams."""
    sys.stdout.write(safe_text.escaped(json.dumps(_plain(answer), ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def _plain(answer: Answer) -> Any:
    return answer.model_dump(mode="json", by_alias=True)


def table(*columns: str, right: Iterable[str] = (), whole: Iterable[str] = ()) -> RowTable:
    """A table without borders. Columns in `right` are right-aligned; those in `whole` (ids) are not wrapped."""
    aligned, unbroken = set(right), set(whole)
    made = RowTable()
    for column in columns:
        justify: Literal["right", "left"] = "right" if column in aligned else "left"
        made.add_column(column, justify=justify, overflow="fold", no_wrap=column in unbroken)
    return made


def progress() -> Progress:
    """A progress bar on stderr, so that a pipe gets the results only."""
    shown = console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=shown,
        transient=True,
        disable=not shown.is_terminal,
    )


def confirm(question: str) -> None:
    """Ask on stderr, so that a pipe gets the results only. Raises Abort if the answer is no."""
    typer.confirm(question, abort=True, err=True)


def new_password() -> str:
    """Ask for a new password on stderr, twice, without showing it; again if it is empty."""
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def warn(sentence: str) -> None:
    """Print a warning to stderr."""
    console(stderr=True).print(sentence, style="yellow")


def milliseconds(value: float | None) -> str:
    """A duration with its unit."""
    if value is None:
        return "…"
    return f"{value / 1000:.2f} s" if value >= 1_000 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
