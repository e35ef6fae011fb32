"""A replay: what it reads of the archive, its exit code and its report."""

from typing import Any

import pytest

from ops.commands import output
from ops.commands.replay import _exit_code, _show
from ops.errors import ExitCode
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.replay import replay, verdicts
from ops.replay.replay import Outcome, Selection
from ops.replay.verdicts import Finding, Verdict
from ops.runs.runner import RunResult
from ops.stage import tables
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import bus_event, message_edited, message_sent
from tests.unit.ops.stages import deployed_stage

EVENT = BusEvent({"id": "event"})
ARCHIVED = [
    message_sent("m-1"),
    message_edited("m-1", 1, "edited", offset_ms=90, by="alice"),
    message_sent("m-9", channel_id="c-9", offset_ms=5),
    bus_event("UserConnected", {"userId": "alice"}, offset_ms=10),
]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with these archived events."""

    def read(
        _stage: Stage, wanted: EventFilter, *, keep: archive.Keep = lambda _: True, **_: Any
    ) -> list[BusEvent]:
        return [event for event in ARCHIVED if wanted.matches(event) and keep(event)]

    monkeypatch.setattr(archive, "read", read)
    monkeypatch.setattr(archive, "complete_until_ms", lambda _: 2_000_000_000_000)
    monkeypatch.setattr(tables, "seqs", lambda *_: {})
    return deployed_stage()


def test_only_later_changes_in_the_channels_of_the_events_are_read(stage: Stage):
    """All that happened up to now may be more events than one command may keep."""
    wanted = EventFilter(types={"MessageSent"}, until_ms=ARCHIVED[0].occurred_ms + 1)
    selection = replay.from_archive(stage, wanted, since_ms=0, until_ms=1, with_changes=True)
    assert selection.events == ARCHIVED[:1]
    assert selection.history == ARCHIVED[:2]


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (RunResult(EVENT, True, {"outcome": "delivered", "reached": 2, "unreached": 0}, None), ExitCode.DONE),
        (RunResult(EVENT, True, {"outcome": "superseded"}, None), ExitCode.DONE),
        (
            RunResult(EVENT, True, {"outcome": "delivered", "reached": 1, "unreached": 2}, None),
            ExitCode.UNREPAIRED,
        ),
        (RunResult(EVENT, False, {}, "States.Timeout", "TIMED_OUT"), ExitCode.UNREPAIRED),
    ],
)
def test_a_redelivery_is_done_when_every_run_reached_every_connection(run: RunResult, code: ExitCode):
    """The state machine has succeeded also when its posts failed: they are in a new dead letter."""
    outcome = Outcome([], Selection([], {}), runs=[run], is_live=True)
    assert outcome.report().mode == "live"
    assert _exit_code(outcome) == code
    assert bool(outcome.failures) == bool(code)


def test_a_run_without_anything_to_post_is_no_missed_client(capsys: pytest.CaptureFixture[str]):
    """Such as that of a message that was deleted since; the exit code is 0."""
    runs = [
        RunResult(EVENT, True, {"outcome": "delivered", "reached": 2, "unreached": 0}, None),
        RunResult(EVENT, True, {"outcome": "superseded"}, None),
    ]
    _show(Outcome([], Selection([], {}), runs=runs, is_live=True), output.console(), repair="")
    shown = capsys.readouterr().out
    assert "1 of 2 runs posted to every connected client, 1 had nothing to post; 0 events repaired." in shown


def test_the_report_of_a_dry_run_says_so():
    """A script that reads it must not take the events for repaired."""
    missing = Finding(message_sent("m-1"), Verdict.MISSING, "The message is not stored.")
    report = Outcome([missing], Selection([], {})).report()
    assert (report.mode, report.found["missing"], len(report.differences)) == ("dry-run", 1, 1)


@pytest.mark.parametrize("is_another_missing", [True, False])
def test_a_redelivery_is_not_advised_for_malformed_events_alone(
    capsys: pytest.CaptureFixture[str], is_another_missing: bool
):
    """It does not run them."""
    malformed = verdicts.failed(bus_event("MessageSent", {"channelId": "c-1"}), "Parley.MalformedEvent: text")
    missing = [Finding(message_sent("m-1"), Verdict.MISSING, "The message is not stored.")]
    findings = [malformed, *(missing if is_another_missing else [])]
    _show(Outcome(findings, Selection([], {})), output.console(), repair="parley replay --redeliver")
    shown = capsys.readouterr().out
    assert ("Repair it with" in shown) is is_another_missing
    assert "1 event is malformed, and left out by a redelivery." in shown
