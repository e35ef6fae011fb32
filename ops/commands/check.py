"""`check`: compare the archive with the tables (replay equals database)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ops import times
from ops.check import comparison
from ops.check import derived as derived_values
from ops.check.comparison import Comparison
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.names import ChannelOption, choose_channel
from ops.errors import BadRequestError, ExitCode
from ops.events import archive, incident_file, memberships, projection
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.projection import Projection
from ops.events.texts import Texts
from ops.models import CheckReport
from ops.stage import tables
from ops.stage.stage import Stage
from ops.wording import counted, counted_are

SETTLE_SECONDS = 5.0
MAX_SHOWN = 100
MARGIN_MS = 60_000
"""Events are read from this long before the first compared time: one may occur before the time in its row."""


@app.command(rich_help_panel=OPERATE)
def check(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Only rows since this time; without it, since the start of the archive.")
    ] = None,
    channel: ChannelOption = None,
    from_file: Annotated[Path | None, typer.Option(help="Also take events from this file (an export).")] = None,
    settle: Annotated[
        float,
        typer.Option(min=0, help="Seconds. Newer rows are left out: their delivery may not have ended."),
    ] = SETTLE_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Compare the state that all archived events lead to with the tables."""
    asked_ms = times.parse(since) if since is not None else 0
    incident = incident_file.read(from_file) if from_file is not None else None
    stage = stage_of(context)
    chosen = choose_channel(stage, channel)
    archive_start = archive.start_ms(stage)
    since_ms = max(asked_ms, archive_start)
    until_ms = archive.complete_until_ms(stage) - int(settle * 1000)
    if since_ms >= until_ms:
        raise BadRequestError("No event is old enough to compare yet: newer ones may still be in progress.")
    # What events of before `since` lead to is not compared, so they are not read.
    events = _archived(stage, EventFilter(channel_id=chosen.channel_id), max(since_ms - MARGIN_MS, archive_start))
    if incident is not None:
        in_file = EventFilter(channel_id=chosen.channel_id)
        sealed = incident.sealed_again(Texts(stage).sealed)
        events += [event for event in sealed.events if in_file.matches(event)]
        since_ms = min(since_ms, *(event.occurred_ms for event in events), since_ms)
    chosen.require(events)
    report = _compare(stage, events, chosen.channel_id, since_ms, until_ms)
    source = ("--from-file", str(from_file)) if from_file else ("--since", times.iso(since_ms))
    of_channel = ("--channel", chosen.channel_id) if chosen.channel_id else ()
    redelivery = stage.command("replay", *source, *of_channel, "--redeliver")
    if as_json:
        output.as_json(report)
    else:
        _show(report, output.console(), stage, redelivery)
    raise typer.Exit(ExitCode.DONE if report.holds else ExitCode.DIFFERENT)


def _archived(stage: Stage, event_filter: EventFilter, since_ms: int) -> list[BusEvent]:
    with output.progress() as bar:
        task = bar.add_task("reading the archive", total=None)
        return archive.read(
            stage,
            event_filter,
            since_ms=since_ms,
            until_ms=archive.complete_until_ms(stage) + 1,
            on_progress=lambda count: bar.update(task, completed=count),
            on_note=output.warn,
        )


def _compare(
    stage: Stage, events: list[BusEvent], channel: str | None, since_ms: int, until_ms: int
) -> CheckReport:
    def compared(projected: Projection) -> Comparison:
        stored = tables.read(stage, channel)
        return comparison.compare(projected, stored, since=times.iso(since_ms), until=times.iso(until_ms))

    projected = _projected(events)
    result = compared(projected)
    if not result.holds:
        # The tables are not read at one moment: what another read does not show was a change in between.
        again = compared(projected).differences
        result.differences = [found for found in result.differences if found in again]
    if channel_ids := comparison.channels_of_lost_members(result.differences):
        later = memberships.since(
            stage, until_ms, rows_read_ms=times.now(), channel_ids=channel_ids, on_note=output.warn
        )
        again = compared(_projected([*events, *later])).differences
        result.differences = [found for found in result.differences if found in again]
    return CheckReport(
        since=times.iso(since_ms),
        until=times.iso(until_ms),
        holds=result.holds,
        events=projected.events,
        malformed=len(projected.malformed),
        malformed_event_ids=[event.event_id for event in projected.malformed],
        compared=result.compared,
        outside=result.outside,
        counts=comparison.counted(result.differences),
        differences=result.differences,
    )


def _projected(events: Sequence[BusEvent]) -> Projection:
    """The projection of these events, each id once."""
    return projection.project({event.event_id: event for event in events}.values())


def _is_repairable(report: CheckReport) -> bool:
    """Whether a redelivery repairs any of the differences."""
    derived = any(derived_values.REPAIR in found.note for found in report.differences)
    return bool(report.counts["missing"]) or derived


def _show(report: CheckReport, console: Console, stage: Stage, redelivery: str) -> None:
    compared = ", ".join(counted(count, name.removesuffix("s")) for name, count in report.compared.items())
    console.print(
        f"{counted(report.events, 'archived event')}, from {report.since} to {report.until}: {compared}."
    )
    if report.outside:
        console.print(f"{counted_are(report.outside, 'row')} from before or after that time: not compared.")
    if report.malformed:
        ids = ", ".join(report.malformed_event_ids[:MAX_SHOWN])
        console.print(
            f"{counted_are(report.malformed, 'archived event')} malformed, and refused by the workflow: {ids}"
        )
    for difference in report.differences[:MAX_SHOWN]:
        console.print(Text(f"✗ {difference.table} {difference.key}: {difference.note}", style="red"))
        if difference.repair:
            console.print(f"  Repair it with: {stage.command(*difference.repair)}")
    if len(report.differences) > MAX_SHOWN:
        console.print(f"… and {len(report.differences) - MAX_SHOWN} more: --json lists all.")
    if report.holds:
        console.print(Text("✓ Replay equals database.", style="green"))
    else:
        counts = report.counts
        console.print(
            f"Replay does not equal database: {counts['missing']} missing, {counts['different']} different, "
            f"{counts['extra']} extra, {counts['unreadable']} unreadable."
            + (f" Repair it with: {redelivery}" if _is_repairable(report) else "")
        )
