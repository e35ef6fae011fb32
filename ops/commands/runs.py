"""`runs`: the workflow's recent executions, those in trouble first."""

from typing import Annotated

import typer
from rich.text import Text

from ops import times
from ops.commands import output
from ops.commands.cli import AsJson, app, stage_of
from ops.runs.history import Execution
from ops.runs.run_log import RunLog

SHORT = 12
COLOURS = {"SUCCEEDED": "green", "RUNNING": "cyan"}


@app.command()
def runs(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="From when on: 15m, 2h, 09:30, or ISO 8601.")] = "1h",
    until: Annotated[str, typer.Option(help="Until when.")] = "now",
    failed: Annotated[bool, typer.Option("--failed", help="Only runs in trouble.")] = False,
    channel: Annotated[str | None, typer.Option(help="Only of this channel.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only of this kind of event.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 30,
    as_json: AsJson = False,
) -> None:
    """List recent runs of the workflow, those in trouble first."""
    since_ms, until_ms = times.moment(since), times.moment(until)

    def wanted(run: Execution) -> bool:
        return (not channel or run.event.channel_id == channel) and (not kind or run.event.detail_type == kind)

    log = RunLog(stage_of(context))
    if omission := log.omission:
        output.console(stderr=True).print(omission, style="yellow")
    found = [run for run in log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit) if wanted(run)]
    if not failed and len(found) < limit:
        newest = log.newest(since_ms=since_ms, until_ms=until_ms, limit=limit, wanted=wanted)
        known = {run.arn for run in found}
        found += [run for run in newest if run.arn not in known]
    found = found[:limit]
    if as_json:
        output.as_json([run.summary() for run in found])
        return
    console = output.console()
    if not found:
        console.print(f"No runs{' in trouble' if failed else ''} since {times.text(since_ms)}.")
        return
    columns = ("started", "run", "event", "channel", "message", "took", "reached", "")
    table = output.table(*columns, right=("took", "reached"), whole=columns[:7])
    for run in found:
        one = run.summary()
        status = one["status"] if run.status != "SUCCEEDED" else one["outcome"] or one["status"]
        table.add_row(
            one["startedAt"][11:],
            one["runId"][:8],
            Text(one["detailType"] or "?", style="bold" if run.is_troubled else ""),
            _short(one["channelId"] or ""),
            one["messageId"] or "",
            output.milliseconds(one["durationMs"]),
            f"{one['delivered']}/{one['recipients']}",
            Text(
                one["trouble"] or (f"{status}, {one['mode']}" if one["replayed"] else status),
                style="red" if run.is_troubled else COLOURS.get(run.status, ""),
            ),
        )
    console.print(table)


def _short(channel_id: str) -> str:
    """Enough of a channel's id to tell it from others; --json has it whole."""
    return channel_id if len(channel_id) <= SHORT else f"{channel_id[:SHORT]}…"
