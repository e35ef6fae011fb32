"""`operations`: who changed the stage with which command, and when."""

from typing import Annotated

import typer
from rich.text import Text

from functions.contract.operations import OPERATIONS
from ops import times
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.models import OperationSummary


@app.command(rich_help_panel=OPERATE)
def operations(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Start time: 15m, 2h, 1d, 09:30, or ISO 8601.")] = "1d",
    as_json: AsJson = False,
) -> None:
    """List who changed the stage with which command, newest first. On AWS, about ten minutes late."""
    since_ms = times.parse(since)
    times.require_past(since_ms)
    stage = stage_of(context)
    with output.progress() as bar:
        task = bar.add_task("reading the archive", total=None)
        events = archive.read(
            stage,
            EventFilter(types=OPERATIONS.keys()),
            since_ms=since_ms,
            until_ms=archive.complete_until_ms(stage) + 1,
            on_progress=lambda count: bar.update(task, completed=count),
            on_note=output.warn,
        )
    found = summaries(events)
    if as_json:
        output.as_json(found)
        return
    if not found:
        output.console().print(f"No command has changed the stage since {times.iso(since_ms)}.")
        return
    table = output.table("started", "operator", "command", "ended", "", whole=("started", "ended"))
    for one in found:
        table.add_row(
            one.started_at,
            one.operator,
            with_values(one),
            one.ended_at or "",
            Text(one.outcome, style="green" if one.outcome == "done" else "red"),
        )
    output.console().print(table)


def with_values(one: OperationSummary) -> str:
    """The command with what it was about. It is not a command line: some values are arguments, some options."""
    values = ", ".join(f"{name} {value}" for name, value in one.options.items())
    return f"{one.command}: {values}" if values else one.command


def summaries(events: list[BusEvent]) -> list[OperationSummary]:
    """One answer for each operation, newest first. One without an end may still run, or was killed."""
    ends = {event.data.get("operationId"): event.data for event in events if event.detail_type == "OperationEnded"}
    found = []
    for event in events:
        if event.detail_type != "OperationStarted":
            continue
        end = ends.get(event.data.get("operationId")) or {}
        found.append(
            OperationSummary(
                operation_id=str(event.data.get("operationId")),
                operator=str(event.data.get("operator")),
                command=str(event.data.get("command")),
                options={str(name): str(value) for name, value in (event.data.get("options") or {}).items()},
                started_at=event.occurred_at,
                ended_at=end.get("endedAt"),
                outcome=end.get("outcome", "not ended"),
                exit_code=end.get("exitCode"),
            )
        )
    return sorted(found, key=lambda one: one.started_at, reverse=True)
