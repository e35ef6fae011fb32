"""A replay: what it reads of the archive, its exit code and its report."""

from typing import Any

import pytest

from ops.commands.replay import _exit_code
from ops.errors import ExitCode
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.replay import replay
from ops.replay.replay import Outcome, Selection
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
    assert _exit_code(outcome) == code
    assert bool(outcome.failures) == bool(code)
