"""`replay`: run archived or exported events through the workflow again, dry or live."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops import times
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.event_types import parse_event_types
from ops.commands.names import ChannelOption, UserOption, choose_channel, choose_user
from ops.commands.recording import recorded
from ops.errors import BadRequestError, ExitCode
from ops.events import archive, incident_file
from ops.events.bus_event import EventFilter
from ops.events.incident_file import Incident
from ops.events.texts import Texts
from ops.models import ExportResult, LiveReplayReport, ReplayFinding
from ops.replay import replay
from ops.replay.replay import DIFFERING, Outcome, Selection
from ops.replay.verdicts import Finding
from ops.stage.stage import Stage
from ops.wording import counted, counted_are

MAX_SHOWN = 50
COLOURS = {"same": "green", "superseded": "dim", "missing": "red", "different": "yellow", "failed": "red"}


@app.command(name="replay", rich_help_panel=OPERATE)
def replay_command(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Start time: 15m, 2h, 09:30, or ISO 8601.")] = None,
    until: Annotated[str, typer.Option(help="End time.")] = "now",
    channel: ChannelOption = None,
    user: UserOption = None,
    kinds: Annotated[list[str] | None, typer.Option("--type", help="Only this event type; repeatable.")] = None,
    is_live: Annotated[bool, typer.Option("--redeliver", help="Repair, and post again.")] = False,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Only compare; the default.")] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, help="A multiple of the original speed; without it, as fast as possible."),
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Write the events to this file and run nothing.")] = None,
    from_file: Annotated[Path | None, typer.Option(help="Read the events from this file.")] = None,
    redact: Annotated[
        list[str] | None, typer.Option(help="With --export: leave out 'text' or 'names'; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run past events through the workflow again. Nothing is posted without --redeliver."""
    if is_live and is_dry:
        raise BadRequestError("Give --redeliver or --dry-run, not both.")
    if redact and not export:
        raise BadRequestError("--redact goes with --export: events that are run stay as they are.")
    if export and (is_live or from_file):
        raise BadRequestError(
            "--export writes archived events to a file; it goes with neither --redeliver nor --from-file."
        )
    if from_file is None and since is None:
        raise BadRequestError("Give a start time with --since (15m, 09:30, 2026-11-24T09:30Z), or --from-file.")
    types = parse_event_types(kinds)
    since_ms = times.parse(since) if since is not None else None
    until_ms = times.parse(until) if until != "now" else None
    if since_ms is not None and until_ms is not None:
        times.require_order(since_ms, until_ms)
    incident_file.require_kinds(redact or ())
    incident = incident_file.read(from_file) if from_file is not None else None
    stage = stage_of(context)
    chosen = choose_channel(stage, channel)
    wanted = EventFilter(
        types=types,
        channel_id=chosen.channel_id,
        user_id=choose_user(stage, user),
        since_ms=since_ms,
        until_ms=until_ms,
    )
    notes = output.console(stderr=True)
    if incident is not None:
        sealed = incident.sealed_again(Texts(stage).sealed)
        selection, settled_ms = _select_from_file(wanted, sealed, from_file, notes), times.now()
    else:
        selection, settled_ms = _select(stage, wanted, notes, is_live=is_live)
    chosen.require(selection.events)
    if export:
        count = incident_file.write(
            export,
            selection.events,
            selection.seqs,
            stage=stage.name,
            redact=redact or (),
            opened=Texts(stage).opened,
        )
        if as_json:
            output.as_json(ExportResult(exported=count, file=str(export), redacted=redact or []))
        else:
            output.console().print(f"{counted_are(count, 'event')} in {export}.")
        return
    unknown_from_ms = _leavings_unknown_from(stage, wanted, selection, incident, settled_ms)
    has_log = from_file is None
    if is_live:
        with recorded(
            stage, "replay --redeliver", since=since, until=until, channel=channel, user=user
        ) as operation:
            outcome = _run(stage, selection, unknown_from_ms, is_live=True, has_log=has_log, speed=speed)
            operation.exit_code = _exit_code(outcome)
    else:
        outcome = _run(stage, selection, unknown_from_ms, is_live=False, has_log=has_log, speed=speed)
    if as_json:
        output.as_json(outcome.report())
    else:
        _show(outcome, output.console(), repair=_repair_command(stage, wanted, from_file, settled_ms))
    raise typer.Exit(_exit_code(outcome))


def _select_from_file(
    wanted: EventFilter, incident: Incident, from_file: Path | None, notes: Console
) -> Selection:
    events = [event for event in incident.events if wanted.matches(event)]
    notes.print(
        f"{counted(len(events), 'event')} of the stage '{incident.header.get('stage')}' from {from_file}.",
        style="dim",
    )
    return Selection.of(events, incident.seqs)


def _select(stage: Stage, wanted: EventFilter, notes: Console, *, is_live: bool) -> tuple[Selection, int]:
    settled = archive.complete_until_ms(stage)
    until_ms = min(wanted.until_ms or settled, settled)
    if wanted.until_ms is None and not stage.is_local:
        notes.print(
            f"Up to {times.iso(until_ms)}: events reach the archive within about ten minutes, "
            "and EventBridge replays whole minutes.",
            style="dim",
        )
    elif wanted.until_ms is not None and wanted.until_ms > settled and not stage.is_local:
        notes.print(
            f"Only up to {times.iso(until_ms)}: newer events may not be in the archive yet. "
            "Run this again in ten minutes for the rest.",
            style="yellow",
        )
    with output.progress() as bar:
        draining = bar.add_task("reading the archive", total=None)
        selection = replay.from_archive(
            stage,
            wanted,
            since_ms=wanted.since_ms or 0,
            until_ms=until_ms,
            # A message is restored as it is now, whatever part of its events is replayed.
            with_changes=is_live and bool(wanted.types or wanted.user_id or wanted.until_ms),
            on_progress=lambda count: bar.update(draining, completed=count),
            on_note=output.warn,
        )
    return selection, until_ms


def _leavings_unknown_from(
    stage: Stage, wanted: EventFilter, selection: Selection, incident: Incident | None, until_ms: int
) -> int | None:
    """From when on users may have left whose leaving is not in the selection, which was read up to `until_ms`.

    None for the file of another stage, whose archive does not say.
    """
    if incident is not None:
        first_ms = min((event.occurred_ms for event in selection.events), default=until_ms)
        return first_ms if incident.header.get("stage") == stage.name else None
    has_leavings = (not wanted.types or "MemberLeft" in wanted.types) and wanted.user_id is None
    return until_ms if has_leavings else wanted.since_ms or 0


def _run(
    stage: Stage,
    selection: Selection,
    unknown_from_ms: int | None,
    *,
    is_live: bool,
    has_log: bool,
    speed: float | None,
) -> Outcome:
    """Compare, and repair if asked.

    `unknown_from_ms` is from `_leavings_unknown_from`; `has_log` says whether the workflow's log has these events.
    """

    def explained(findings: list[Finding]) -> list[Finding]:
        if unknown_from_ms is None:
            return findings
        return replay.with_memberships_since(stage, selection, findings, unknown_from_ms, on_note=output.warn)

    with output.progress() as bar:
        comparing = bar.add_task("comparing", total=len(selection.events))
        findings = replay.dry_run(
            stage,
            selection,
            speed=None if is_live else speed,
            on_progress=lambda _: bar.advance(comparing),
        )
        findings = explained(findings)
        outcome = Outcome(findings, selection, is_live=is_live)
        if is_live:
            running = bar.add_task("running live", total=len(selection.events))
            outcome.runs, after = replay.redeliver(
                stage,
                selection,
                findings,
                speed=speed,
                look_in_log=has_log,
                on_progress=lambda _: bar.advance(running),
            )
            outcome.after = explained(after)
    return outcome


def _exit_code(outcome: Outcome) -> ExitCode:
    wrong = [finding for finding in outcome.final if finding.verdict in DIFFERING]
    if outcome.is_live:
        return ExitCode.UNREPAIRED if wrong or outcome.failures else ExitCode.DONE
    return ExitCode.DIFFERENT if wrong else ExitCode.DONE


def _repair_command(stage: Stage, wanted: EventFilter, from_file: Path | None, until_ms: int) -> str:
    """The command that repairs what this one compared: with its absolute times."""
    options: list[tuple[str, str | None]] = [("--channel", wanted.channel_id), ("--user", wanted.user_id)]
    options += [("--type", name) for name in sorted(wanted.types)]
    options.append(("--since", None if wanted.since_ms is None else times.iso(wanted.since_ms)))
    if from_file is None:
        options.append(("--until", times.iso(until_ms)))
    else:
        options += [("--until", None if wanted.until_ms is None else times.iso(wanted.until_ms))]
        options.append(("--from-file", str(from_file)))
    words = [part for name, value in options if value is not None for part in (name, value)]
    return stage.command("replay", *words, "--redeliver")


def _show(outcome: Outcome, console: Console, *, repair: str) -> None:
    report = outcome.report()
    status_updates = report.left_out.status_updates
    console.print(
        f"{counted(report.events, 'channel event')}, in order"
        + (
            f"; without stored state to compare: {counted(status_updates, 'status update')}."
            if status_updates
            else "."
        )
    )
    after = report.after if isinstance(report, LiveReplayReport) else None
    table = output.table("", "found", *(["now"] if after else []), right=("found", "now"))
    for verdict, count in report.found.items():
        row = [str(count)] + ([str(after[verdict])] if after else [])
        table.add_row(Text(verdict, style=COLOURS[verdict]), *row)
    console.print(table)
    wrong = report.unrepaired if isinstance(report, LiveReplayReport) else report.differences
    if wrong:
        console.print(_findings(wrong[:MAX_SHOWN]))
    if len(wrong) > MAX_SHOWN:
        console.print(f"… and {len(wrong) - MAX_SHOWN} more: --json lists all.")
    for run in outcome.failures:
        console.print(Text(f"✗ {run.event.detail_type} {run.event.event_id}: {run.problem}", style="red"))
    if isinstance(report, LiveReplayReport):
        done = [run.outcome for run in outcome.runs if run.problem is None]
        posted = done.count("delivered")
        without = len(done) - posted
        console.print(
            f"{posted} of {report.runs} runs posted to every connected client"
            + (f", {without} had nothing to post" if without else "")
            + f"; {counted(report.repaired, 'event')} repaired."
        )
    else:
        is_repairable = len(wrong) > len(outcome.malformed)
        console.print("Nothing was written or posted." + (f" Repair it with: {repair}" if is_repairable else ""))
    if outcome.malformed:
        console.print(f"{counted_are(len(outcome.malformed), 'event')} malformed, and left out by a redelivery.")


def _findings(findings: list[ReplayFinding]) -> Table:
    table = output.table("at", "event", "channel", "seq", "message", "verdict", right=("seq",))
    for finding in findings:
        table.add_row(
            finding.occurred_at,
            finding.detail_type,
            finding.channel_id or "",
            "" if finding.seq is None else str(finding.seq),
            finding.message_id or finding.user_id or "",
            Text(f"{finding.verdict}: {finding.note}", style=COLOURS[finding.verdict]),
        )
    return table
