"""A replay: events of the archive or of a file, in order, through the workflow; dry first, then live if asked.

What differs is told event by event. A live run repairs what is missing and posts again to everyone connected, who
drop what they have; so it may be repeated.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.contract.events import CHANNEL_EVENTS
from ops.events import archive, ordering
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

SETTLED = (Verdict.SAME, Verdict.SUPERSEDED)
DIFFERING = (Verdict.MISSING, Verdict.DIFFERENT, Verdict.FAILED)
MEMBERSHIPS = frozenset({"ChannelCreated", "MemberJoined", "MemberLeft"})

OnProgress = Callable[[Finding | RunResult], None]


@dataclass
class Selection:
    """What is to be replayed, in order. Status updates are counted and left out: they hold no state to repair."""

    events: list[BusEvent]
    seqs: dict[str, int]
    ephemeral: int = 0

    @classmethod
    def of(cls, events: Iterable[BusEvent], seqs: Mapping[str, int]) -> "Selection":
        """Sort out and order."""
        everything = list(events)
        durable = [event for event in everything if event.detail_type in CHANNEL_EVENTS]
        places = {**_places_in_changes(durable), **seqs}
        return cls(
            events=ordering.in_order(durable, places), seqs=places, ephemeral=len(everything) - len(durable)
        )


def _places_in_changes(events: Iterable[BusEvent]) -> dict[str, int]:
    """Edits, deletions and reactions name the seq of their message."""
    return {
        event.message_id: event.data["seq"]
        for event in events
        if event.message_id and isinstance(event.data.get("seq"), int)
    }


def from_archive(
    stage: Stage,
    wanted: EventFilter,
    *,
    since_ms: int,
    until_ms: int,
    on_progress: archive.OnProgress = lambda _: None,
) -> Selection:
    """Archived events, with the places that the stage's tables still know."""
    events = archive.read(stage, wanted, since_ms=since_ms, until_ms=until_ms, on_progress=on_progress)
    ids = (event.message_id for event in events if event.detail_type == "MessageSent" and event.message_id)
    seqs = {str(row["messageId"]): int(row["seq"]) for row in tables.message_ids(stage, ids)}
    return Selection.of(events, seqs)


@dataclass
class Outcome:
    """What a replay found, and did."""

    findings: list[Finding]
    selection: Selection
    result: list[RunResult] = field(default_factory=list)
    after: list[Finding] = field(default_factory=list)
    is_live: bool = False

    @property
    def final(self) -> list[Finding]:
        """How the stage compares now."""
        return self.after if self.is_live else self.findings

    @property
    def failures(self) -> list[RunResult]:
        """Live runs that did not end well."""
        return [result for result in self.result if not result.succeeded]

    def counts(self, findings: Sequence[Finding]) -> dict[str, int]:
        """How many events of each verdict."""
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
        settled = {finding.event.event_id for finding in self.after if finding.verdict in SETTLED}
        report |= {
            "runs": len(self.result),
            "repaired": sum(finding.event.event_id in settled for finding in differing),
            "after": self.counts(self.after),
            "unrepaired": [finding for finding in self.after if finding.verdict in DIFFERING],
            "failures": [RunFailure(event_id=run.event.event_id, reason=run.failure) for run in self.failures],
        }
        return LiveReplayReport.model_validate(report)


def dry_run(
    stage: Stage, selection: Selection, *, speed: float | None = None, on_progress: OnProgress = lambda _: None
) -> list[Finding]:
    """Compare every event with what is stored. Writes nothing, posts nothing."""
    findings: dict[str, Finding] = {}

    def note(result: RunResult) -> None:
        finding = (
            verdicts.judge(result.event, result.output)
            if result.succeeded
            else verdicts.failed(result.event, result.failure or "")
        )
        findings[result.event.event_id] = finding
        on_progress(finding)

    runner.run_events(stage, selection.events, "dry-run", speed=speed, on_progress=note)
    ordered = [findings[event.event_id] for event in selection.events if event.event_id in findings]
    return verdicts.with_later_memberships(ordered, _endings(selection.events))


def with_memberships_since(stage: Stage, findings: list[Finding], until_ms: int) -> list[Finding]:
    """Somebody who joined in the time looked at may have left after it: the archive is asked, where it matters."""
    doubtful = {
        finding.event.channel_id
        for finding in findings
        if finding.event.detail_type == "MemberJoined" and finding.verdict is Verdict.MISSING
    }
    end = archive.settled_ms(stage)
    if not doubtful or end <= until_ms:
        return findings
    later = archive.read(stage, EventFilter(types=MEMBERSHIPS), since_ms=until_ms, until_ms=end)
    return verdicts.with_later_memberships(
        findings, _endings(event for event in later if event.channel_id in doubtful)
    )


def _endings(events: Iterable[BusEvent]) -> dict[tuple[str, str], str]:
    """When each membership last ended."""
    found: dict[tuple[str, str], str] = {}
    for event in events:
        if event.detail_type == "MemberLeft":
            key = (str(event.data.get("userId")), str(event.data.get("channelId")))
            found[key] = max(found.get(key, ""), str(event.data.get("changedAt")))
    return found


def redeliver(
    stage: Stage,
    selection: Selection,
    findings: Sequence[Finding],
    *,
    speed: float | None = None,
    look_in_log: bool = True,
    on_progress: OnProgress = lambda _: None,
) -> tuple[list[RunResult], list[Finding]]:
    """Run live what a later change has not replaced, after putting back what its run needs.

    Returns the runs, and how the stage compares with the same events afterwards.
    """
    outdated = {finding.event.event_id for finding in findings if finding.verdict is Verdict.SUPERSEDED}
    missing = {finding.event.event_id for finding in findings if finding.verdict is Verdict.MISSING}
    restorer = Restorer(
        stage, dict(selection.seqs), look_in_log=look_in_log, memberships=project(selection.events)
    )

    def before(event: BusEvent) -> BusEvent | None:
        if event.event_id in outdated:
            return None
        if event.event_id in missing:
            restorer.prepare(event)
        return restorer.placed(event)

    result = runner.run_events(
        stage, selection.events, "live", speed=speed, on_progress=on_progress, before=before
    )
    settled = {finding.event.event_id: finding for finding in findings if finding.verdict in SETTLED}
    unsettled = [restorer.placed(event) for event in selection.events if event.event_id not in settled]
    after = {finding.event.event_id: finding for finding in dry_run(stage, Selection(unsettled, selection.seqs))}
    ordered = [settled.get(event.event_id) or after.get(event.event_id) for event in selection.events]
    return result, [finding for finding in ordered if finding is not None]
