"""`repair`: derive one damaged or missing row from what is stored elsewhere, and write it."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.recording import recorded
from ops.models import RowRepair
from ops.replay import repair as repairs
from ops.stage.tables import ROW_TYPES, Row, plain


@app.command(name="repair", rich_help_panel=OPERATE)
def repair(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help=f"The table: {', '.join(ROW_TYPES)}.")],
    key: Annotated[
        list[str], typer.Argument(help="The key of the row, as `check` prints it; names are taken too.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Derive one row from the archive and the other tables, show it before and after, ask, and write it.

    A row that can be read stays as it is, except the counters of a channel.
    """
    row_key = repairs.key_of(table, tuple(key))
    stage = stage_of(context)
    planned = repairs.plan(stage, table, repairs.named(stage, row_key), on_note=output.warn)
    if not as_json:
        _show(planned, output.console())
    if planned.changes:
        if not yes:
            output.confirm("Repair it?")
        with recorded(stage, "repair", table=table, key=" ".join(map(str, planned.key.values()))):
            repairs.apply(stage, planned)
    if as_json:
        output.as_json(_answer(planned))
    else:
        output.console().print("Repaired." if planned.changes else "There is nothing to repair.")


def _show(planned: repairs.Repair, console: Console) -> None:
    """The attributes that differ, or the whole row if nothing does."""
    console.print(f"{planned.table} {' '.join(map(str, planned.key.values()))}")
    for title, row, style in (("before", planned.before, "red"), ("after", planned.after, "green")):
        console.print(Text(f"{title + ':':8}{_text(row)}", style=style if planned.changes else ""))
    if planned.more:
        console.print(planned.more)


def _text(row: Row | None) -> str:
    return "no row" if row is None else json.dumps(plain(row), ensure_ascii=False, sort_keys=True)


def _answer(planned: repairs.Repair) -> RowRepair:
    return RowRepair(
        table=planned.table,
        key=plain(planned.key),
        before=plain(planned.before),
        after=plain(planned.after),
        repaired=planned.changes,
    )
