"""`logs`: the log lines of all functions about one id, or all errors."""

from typing import Annotated

import typer
from rich.text import Text

from ops import times
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.errors import BadRequestError, NotFoundError
from ops.models import LogLineSummary
from ops.runs import function_logs
from ops.runs.function_logs import LogLine

COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow"}
MIN_ID_CHARACTERS = 8


@app.command(rich_help_panel=OPERATE)
def logs(
    context: typer.Context,
    identifier: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]", help="The correlation id that a client was shown, or any other id; errors without it."
        ),
    ] = None,
    since: Annotated[str, typer.Option(help="Start time: 15m, 2h, 09:30, or ISO 8601.")] = "1h",
    until: Annotated[str, typer.Option(help="End time.")] = "now",
    as_json: AsJson = False,
) -> None:
    """Show the log lines of all functions about one id, or without an id all errors with their ids."""
    since_ms, until_ms = times.parse(since), times.parse(until)
    times.require_order(since_ms, until_ms)
    if identifier is not None and len(identifier) < MIN_ID_CHARACTERS:
        raise BadRequestError(f"'{identifier}' is too short for an id: copy it whole.")
    stage = stage_of(context)
    if identifier is not None and (omission := function_logs.omission(stage)):
        output.warn(omission)
    if identifier is None:
        found = function_logs.errors(stage, since_ms=since_ms, until_ms=until_ms)
    else:
        found = function_logs.about(stage, identifier, since_ms=since_ms, until_ms=until_ms)
        if not found:
            raise NotFoundError(f"No log has a line with '{identifier}' since {times.iso(since_ms)}.")
    if as_json:
        output.as_json([LogLineSummary.model_validate(line) for line in found])
    elif not found:
        output.console().print(f"No errors since {times.iso(since_ms)}.")
    else:
        _show(found)


def _show(found: list[LogLine]) -> None:
    table = output.table("at", "function", "level", "message", "correlation id", whole=("at", "correlation id"))
    for line in found:
        message = ": ".join(part for part in (line.message, line.error, line.cause) if part)
        table.add_row(
            line.at,
            line.function,
            line.level or "",
            Text(message, style=COLOURS.get(line.level or "", "")),
            line.correlation_id or "",
        )
    output.console().print(table)
