"""`check`: replay equals database."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ops import times
from ops.check import comparison
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.errors import BadRequestError, ExitCode
from ops.events import archive, incident_file, projection
from ops.events.bus_event import BusEvent, EventFilter
from ops.models import CheckReport, Difference
from ops.stage import tables
from ops.stage.stage import Stage

SETTLE_SECONDS = 5.0
MOST_SHOWN = 100


@app.command(rich_help_panel=OPERATE)
def check(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Only rows since then; without it: as far back as the archive goes.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    from_file: Annotated[
        Path | None, typer.Option(help="Events that were brought in from this file, besides the archive's.")
    ] = None,
    settle: Annotated[
        float,
        typer.Option(min=0, help="Leave out rows younger than so many seconds: they may still be on their way."),
    ] = SETTLE_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Fold the archive and compare the result with the tables."""
    stage = stage_of(context)
    archive_start = _archive_start(stage)
    since_ms = max(times.parse(since), archive_start) if since else archive_start
    until_ms = archive.complete_until_ms(stage) - int(settle * 1000)
    if since_ms >= until_ms:
        raise BadRequestError("No event is old enough to compare yet: newer ones may still be in progress.")
    with output.progress() as bar:
        draining = bar.add_task("reading the archive", total=None)
        # From the archive's beginning: what happened later is about what happened before.
        events = archive.read(
            stage,
            EventFilter(channel_id=channel),
            since_ms=archive_start,
            until_ms=archive.complete_until_ms(stage) + 1,
            on_progress=lambda count: bar.update(draining, completed=count),
        )
    if from_file is not None:
        events += [event for event in incident_file.read(from_file).events if channel in (None, event.channel_id)]
        since_ms = min(since_ms, *(event.occurred_ms for event in events), since_ms)
    projected = projection.project(_unique(events))
    result = comparison.compare(
        projected, tables.read(stage, channel), since=times.iso(since_ms), until=times.iso(until_ms)
    )
    counts = comparison.counted(result.differences)
    if as_json:
        output.as_json(
            CheckReport(
                holds=result.holds,
                events=projected.events,
                malformed=len(projected.malformed),
                compared=result.compared,
                outside=result.outside,
                counts=counts,
                differences=[Difference.model_validate(difference) for difference in result.differences],
            )
        )
    else:
        console = output.console()
        compared = ", ".join(f"{count} {name}" for name, count in result.compared.items())
        console.print(f"{projected.events} archived events fold into {compared}.")
        if result.outside:
            console.print(
                f"{result.outside} rows are older than the archive, or too young to be in it for sure: left out."
            )
        for difference in result.differences[:MOST_SHOWN]:
            console.print(Text(f"✗ {difference.table} {difference.key}: {difference.note}", style="red"))
        if len(result.differences) > MOST_SHOWN:
            console.print(f"… and {len(result.differences) - MOST_SHOWN} more; --json has them all.")
        if result.holds:
            console.print(Text("✓ Replay equals database.", style="green"))
        else:
            console.print(
                f"Replay does not equal database: {counts['missing']} missing, {counts['different']} different, "
                f"{counts['extra']} extra. Repair what is missing with: parley replay --redeliver"
            )
    raise typer.Exit(ExitCode.DONE if result.holds else ExitCode.DIFFERENT)


def _archive_start(stage: Stage) -> int:
    """The moment since which the archive holds everything."""
    found = stage.client("events").describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    created = int(found["CreationTime"].timestamp() * 1000)
    retention = int(found.get("RetentionDays") or 0)
    return max(created, times.now() - retention * 86_400_000) if retention else created


def _unique(events: list[BusEvent]) -> list[BusEvent]:
    return list({event.event_id: event for event in events}.values())
