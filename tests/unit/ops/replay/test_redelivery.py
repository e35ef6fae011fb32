"""A redelivery: which events are run again, and with which seq."""

import pytest

from ops.events.bus_event import BusEvent
from ops.replay import replay
from ops.replay.replay import Selection
from ops.replay.verdicts import Finding, Verdict
from ops.runs import runner
from ops.runs.runner import Mode, RunResult
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import message_edited, message_sent


def test_a_superseded_event_is_not_run_again(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It would be posted to clients that have the later change. All other events are run, also those as stored."""
    events = [message_edited(f"m-{seq}", seq, "edited", offset_ms=seq) for seq in (1, 2, 3)]
    found = (Verdict.SAME, Verdict.SUPERSEDED, Verdict.FAILED)
    findings = [Finding(event, verdict) for event, verdict in zip(events, found, strict=True)]
    live: list[str | None] = []

    def run(_stage: Stage, event: BusEvent, mode: Mode) -> RunResult:
        if mode == "live":
            live.append(event.message_id)
        return RunResult(event, True, {}, None)

    monkeypatch.setattr(runner, "run_event", run)
    runs, after = replay.redeliver(stage, Selection(events, {}), findings)
    assert sorted(map(str, live)) == ["m-1", "m-3"]
    assert len(runs) == 2
    assert [finding.verdict for finding in after] == [Verdict.SAME, Verdict.SUPERSEDED, Verdict.MISSING]


def test_a_stored_seq_is_preferred_to_that_of_a_change():
    """The message may have another seq since the change was published: its first row was lost."""
    events = [message_sent("m-1"), message_edited("m-1", 3, "edited", offset_ms=1)]
    assert Selection.of(events, {}).seqs == {"m-1": 3}
    assert Selection.of(events, {"m-1": 7}).seqs == {"m-1": 7}
