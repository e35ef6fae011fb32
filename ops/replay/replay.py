"""Replay events of the archive or of a file, in order: a dry run first, and a redelivery if requested.

The dry run compares each event with what is stored. The redelivery restores what is missing and posts again to all
connected members. It can be repeated, because clients ignore messages that they have.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.contract.events import CHANNEL_EVENTS, MalformedEventError, read_event
from functions.contract.operations import OPERATIONS
from ops import times
from ops.events import archive, memberships, ordering
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.projection import project
from ops.models import LeftOut, LiveReplayReport, ReplayReport, RunFailure
from ops.replay import verdicts
from ops.replay.restore import Restorer
from ops.replay.verdicts import Finding, Verdict
from ops.runs import runner
from ops.runs.runner import RunResult
from ops.stage import tables
from ops.stage.stage import Stage

CONSISTENT = (Verdict.SAME, Verdict.SUPERSEDED)
DIFFERING = (Verdict.MISSING, Verdict.DIFFERENT, Verdict.FAILED)

OnProgress = Callable[[Finding | RunResult], None]


@dataclass
class Selection:
    """The channel events to replay, in order, and the known seq of each message by its id.

    Status updates are only counted in `ephemeral`: they have no stored state to repair.
    """

    events: list[BusEvent]
    seqs: dict[str, int]
    ephemeral: int = 0
    history: list[BusEvent] = field(default_factory=list)
    """All events that were read, status updates too."""

    @classmethod
    def of(cls, events: Iterable[BusEvent], seqs: Mapping[str, int]) -> "Selection":
        """Select the channel events and sort them. Seqs that are missing in `seqs` are taken from changes."""
        all_events = list(events)
        durable = [event for event in all_events if event.detail_type in CHANNEL_EVENTS]
        known = {**_seqs_in_changes(durable), **seqs}
        ephemeral = sum(event.detail_type not in {**CHANNEL_EVENTS, **OPERATIONS} for event in all_events)
        return cls(events=ordering.in_order(durable, known), seqs=known, ephemeral=ephemeral, history=all_events)


def _seqs_in_changes(events: Iterable[BusEvent]) -> dict[str, int]:
    """The seq by message id, from edits, deletions and reactions, which carry the seq of their message."""
    return {
        event.message_id: event.data["seq"]
        for event in events
        if event.message_id and isinstance(event.data.get("seq"), int)
    }


def from_archive(
    stage: Stage,
    event_filter: EventFilter,
    *,
    since_ms: int,
    until_ms: int,
    with_changes: bool = False,
    on_progress: archive.OnProgress = lambda _: None,
    on_note: archive.OnNote = lambda _: None,
) -> Selection:
    """Select archived events, with the seqs that are stored in `messageIds`. See `archive.read`.

    `with_changes` adds to `history` what else happened in the channels of these events since, up to now.
    """
    events = archive.read(
        stage,
        event_filter,
        since_ms=since_ms,
        until_ms=until_ms,
        on_progress=on_progress,
        on_note=on_note,
    )
    ids = (event.message_id for event in events if event.detail_type == "MessageSent" and event.message_id)
    seqs = tables.seqs(stage, ids)
    selection = Selection.of(events, seqs)
    if with_changes:
        channel_ids = {event.channel_id for event in selection.events} - {None}
        selection.history = archive.read(
            stage,
            EventFilter(channel_id=event_filter.channel_id),
            since_ms=since_ms,
            until_ms=archive.complete_until_ms(stage) + 1,
            keep=lambda event: event.channel_id in channel_ids,
        )
    return selection


@dataclass
class Outcome:
    """The findings before a replay (`findings`) and after it (`after`, live only), and the live runs."""

    findings: list[Finding]
    selection: Selection
    runs: list[RunResult] = field(default_factory=list)
    after: list[Finding] = field(default_factory=list)
    is_live: bool = False

    @property
    def final(self) -> list[Finding]:
        """The latest findings."""
        return self.after if self.is_live else self.findings

    @property
    def failures(self) -> list[RunResult]:
        """The live runs that failed, or did not reach every connection."""
        return [run for run in self.runs if run.problem]

    @property
    def malformed(self) -> list[Finding]:
        """The latest findings about malformed events, which no redelivery runs."""
        return [finding for finding in self.final if _is_malformed(finding.event)]

    def counts(self, findings: Sequence[Finding]) -> dict[str, int]:
        """The number of findings for each verdict."""
        return {verdict.value: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}

    def report(self) -> ReplayReport:
        """The answer of `replay --json`."""
        differing = [finding for finding in self.findings if finding.verdict in DIFFERING]
        report: dict[str, Any] = {
            "mode": "live" if self.is_live else "dry-run",
            "events": len(self.selection.events),
            "left_out": LeftOut(status_updates=self.selection.ephemeral),
            "found": self.counts(self.findings),
            "differences": differing,
        }
        if not self.is_live:
            return ReplayReport.model_validate(report)
        settled = {finding.event.event_id for finding in self.after if finding.verdict in CONSISTENT}
        report |= {
            "runs": len(self.runs),
            "repaired": sum(finding.event.event_id in settled for finding in differing),
            "after": self.counts(self.after),
            "unrepaired": [finding for finding in self.after if finding.verdict in DIFFERING],
            "failures": [RunFailure(event_id=run.event.event_id, reason=run.problem) for run in self.failures],
        }
        return LiveReplayReport.model_validate(report)


def dry_run(
    stage: Stage, selection: Selection, *, speed: float | None = None, on_progress: OnProgress = lambda _: None
) -> list[Finding]:
    """Compare every event with what is stored. Writes and posts nothing. The findings are in the events' order."""
    findings: dict[str, Finding] = {}

    def on_run(run: RunResult) -> None:
        finding = (
            verdicts.judge(run.event, run.output)
            if run.succeeded
            else verdicts.failed(run.event, run.failure or "")
        )
        findings[run.event.event_id] = finding
        on_progress(finding)

    runner.run_events(stage, selection.events, "dry-run", speed=speed, on_progress=on_run)
    ordered = [findings[event.event_id] for event in selection.events if event.event_id in findings]
    return verdicts.with_repeated_sends(verdicts.with_later_memberships(ordered, _left_at(selection.events)))


def with_memberships_since(
    stage: Stage,
    selection: Selection,
    findings: list[Finding],
    since_ms: int,
    *,
    on_note: archive.OnNote = lambda _: None,
) -> list[Finding]:
    """Update findings for users who joined, and whose leaving from `since_ms` on is not in the selection.

    If any joining is missing, this reads the archive up to the time of the comparison, and adds the events to the
    selection's history: on AWS it waits until the archive has them.
    """
    compared_ms = times.now()
    channel_ids = {
        finding.event.channel_id
        for finding in findings
        if finding.event.detail_type == "MemberJoined" and finding.verdict is Verdict.MISSING
    }
    if not channel_ids:
        return findings
    later = memberships.since(stage, since_ms, rows_read_ms=compared_ms, channel_ids=channel_ids, on_note=on_note)
    selection.history = [*(selection.history or selection.events), *later]
    return verdicts.with_later_memberships(findings, _left_at(later))


def _is_malformed(event: BusEvent) -> bool:
    try:
        read_event(event.raw)
    except MalformedEventError:
        return True
    return False


def _left_at(events: Iterable[BusEvent]) -> dict[tuple[str, str], str]:
    """The time of the latest MemberLeft by (userId, channelId)."""
    left_at: dict[tuple[str, str], str] = {}
    for event in events:
        if event.detail_type == "MemberLeft":
            key = (str(event.data.get("userId")), str(event.data.get("channelId")))
            left_at[key] = max(left_at.get(key, ""), str(event.data.get("changedAt")))
    return left_at


def redeliver(
    stage: Stage,
    selection: Selection,
    findings: Sequence[Finding],
    *,
    speed: float | None = None,
    look_in_log: bool = True,
    on_progress: OnProgress = lambda _: None,
) -> tuple[list[RunResult], list[Finding]]:
    """Run the events live, without the superseded ones, after restoring what their runs need.

    `look_in_log`: also search the workflow's log for the seq of a lost message. Returns the live runs and the
    findings afterwards.
    """
    superseded = {finding.event.event_id for finding in findings if finding.verdict is Verdict.SUPERSEDED}
    wrong = {
        finding.event.event_id for finding in findings if finding.verdict in (Verdict.MISSING, Verdict.DIFFERENT)
    }
    restorer = Restorer(
        stage,
        dict(selection.seqs),
        look_in_log=look_in_log,
        projected=project(selection.history or selection.events),
    )

    def prepare(event: BusEvent) -> BusEvent | None:
        # The workflow would refuse a malformed event again, and each time keep another dead letter.
        if event.event_id in superseded or _is_malformed(event):
            return None
        if event.event_id in wrong:
            restorer.prepare(event)
        return restorer.with_current_seq(event)

    runs = runner.run_events(stage, selection.events, "live", speed=speed, on_progress=on_progress, before=prepare)
    restorer.restore_derived(sorted({event.channel_id for event in selection.events if event.channel_id}))
    consistent = {finding.event.event_id: finding for finding in findings if finding.verdict in CONSISTENT}
    inconsistent = [
        restorer.with_current_seq(event) for event in selection.events if event.event_id not in consistent
    ]
    compared = dry_run(stage, Selection(inconsistent, selection.seqs))
    after = {**consistent, **{finding.event.event_id: finding for finding in compared}}
    return runs, [after[event.event_id] for event in selection.events if event.event_id in after]
