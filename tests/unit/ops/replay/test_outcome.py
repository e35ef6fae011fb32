"""The result of a replay: its exit code and its report."""

import pytest

from ops.commands.replay import _exit_code
from ops.errors import ExitCode
from ops.events.bus_event import BusEvent
from ops.replay.replay import Outcome, Selection
from ops.runs.runner import RunResult

EVENT = BusEvent({"id": "event"})


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
