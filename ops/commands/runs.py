"""`runs`: the workflow's recent runs, troubled ones first."""

from typing import Annotated

import typer
from rich.text import Text

from ops import times
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.event_types import parse_event_types
from ops.commands.names import ChannelOption, choose_channel
from ops.models import RunSummary
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog

COLOURS = {"SUCCEEDED": "green", "RUNNING": "cyan"}


@app.command(rich_help_panel=OPERATE)
def runs(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Start time: 15m, 2h, 09:30, or ISO 8601.")] = "1h",
    until: Annotated[str, typer.Option(help="End time.")] = "now",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only troubled runs: failed, or not every connection reached.")
    ] = False,
    channel: ChannelOption = None,
    kinds: Annotated[list[str] | None, typer.Option("--type", help="Only this event type; repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most runs to list.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List recent runs of the workflow, troubled ones first."""
    since_ms, until_ms = times.parse(since), times.parse(until)
    times.require_order(since_ms, until_ms)
    types = parse_event_types(kinds)
    stage = stage_of(context)
    chosen = choose_channel(stage, channel)

    def matches(run: Execution) -> bool:
        is_of_channel = chosen.channel_id in (None, run.event.channel_id)
        return is_of_channel and (not types or run.event.detail_type in types)

    log = RunLog(stage)
    if omission := log.omission:
        output.warn(omission)
    found = log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit, matches=matches)
    if not failed and len(found) < limit:
        newest = log.newest(since_ms=since_ms, until_ms=until_ms, limit=limit, matches=matches)
        known = {run.execution_arn for run in found}
        found += [run for run in newest if run.execution_arn not in known]
    found = found[:limit]
    chosen.require(found)
    if as_json:
        output.as_json([RunSummary.model_validate(run) for run in found])
        return
    console = output.console()
    if not found:
        console.print(f"No runs{' with trouble' if failed else ''} since {times.iso(since_ms)}.")
        return
    columns = ("started", "run", "event", "channel", "message", "took", "reached", "")
    table = output.table(*columns, right=("took", "reached"), whole=columns[:7])
    for run in found:
        status = run.outcome or run.status if run.status == "SUCCEEDED" else run.status
        table.add_row(
            run.started_at[11:],
            run.run_id[:8],
            Text(run.event.detail_type or "?", style="bold" if run.troubled else ""),
            run.event.channel_id or "",
            run.event.message_id or "",
            output.milliseconds(run.duration_ms),
            f"{run.delivered}/{run.recipients}",
            Text(
                run.trouble or (f"{status}, {run.mode}" if run.replayed and run.mode != status else status),
                style="red" if run.troubled else COLOURS.get(run.status, ""),
            ),
        )
    console.print(table)
