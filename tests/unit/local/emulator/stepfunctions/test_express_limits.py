"""The limits of an Express execution, the size of its data and its time, and the time that is billed."""

import time
from typing import Any

import pytest

from local.emulator.stepfunctions import workflow_executions
from local.emulator.stepfunctions.workflow_executions import MAX_DATA_BYTES, WorkflowExecutions
from tests.unit.local.emulator.stepfunctions.conftest import Run

DOUBLE = {"Type": "Pass", "Output": "{% [$states.input, $states.input] %}", "End": True}
SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Arguments": {"QueueUrl": "none", "MessageBody": "{% [$states.input, $states.input] %}"},
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    "End": True,
}
CAUGHT = {"Type": "Pass", "Output": "caught", "End": True}


def branch(state: dict[str, Any]) -> dict[str, Any]:
    """A Parallel state with two branches of one state each, which catches all errors."""
    one = {"StartAt": "One", "States": {"One": state}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    return {"Both": {"Type": "Parallel", "Branches": [one, one], "Catch": catch, "End": True}, "Caught": CAUGHT}


@pytest.mark.parametrize(
    "states", [{"One": DOUBLE}, {"One": SEND, "Caught": CAUGHT}, branch(DOUBLE)], ids=["output", "task", "branch"]
)
def test_an_execution_with_too_much_data_fails(run: Run, states: dict[str, Any]):
    """256 KiB for the output of a state and the arguments of a task; States.ALL does not catch it."""
    execution = run(states, "a" * (MAX_DATA_BYTES // 2))
    assert (execution["status"], execution["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert str(MAX_DATA_BYTES) in execution["cause"]


def test_data_of_the_largest_size_is_passed_on(run: Run):
    """With its quotation marks, brackets and comma."""
    execution = run({"One": DOUBLE}, "a" * (MAX_DATA_BYTES // 2 - 4))
    assert execution["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        ({"First": {"Type": "Pass", "Next": "One"}, "One": DOUBLE}, "Pass"),
        (branch(DOUBLE), "Parallel"),
        ({"Both": {**branch(DOUBLE)["Both"], "Catch": [], "Output": "{% $error('no result') %}"}}, "Parallel"),
    ],
    ids=["state", "branch", "failing output"],
)
def test_an_execution_times_out_once(run: Run, states: dict[str, Any], kind: str, monkeypatch: pytest.MonkeyPatch):
    """When it has run for five minutes: nothing happens after that, it has no output, and no error is caught."""
    entered = []
    execute = WorkflowExecutions._execute

    def wait_five_minutes(*arguments: Any) -> Any:
        entered.append(arguments[1])
        workflow_executions.deadline.set(0)
        return execute(*arguments)

    monkeypatch.setattr(WorkflowExecutions, "_execute", wait_five_minutes)
    execution = run(states, "")
    assert (execution["status"], execution["output"]) == ("TIMED_OUT", None)
    types = [event["type"] for event in execution["events"]]
    assert types.count("ExecutionTimedOut") == 1
    assert types[-1] == "ExecutionTimedOut"
    assert entered == [kind]


def test_an_execution_has_five_minutes(run: Run, monkeypatch: pytest.MonkeyPatch):
    """From its start."""
    monkeypatch.setattr(workflow_executions, "MAX_EXPRESS_SECONDS", -1.0)
    assert run({"One": DOUBLE}, "")["status"] == "TIMED_OUT"


def test_the_time_of_an_execution_is_billed_in_steps_of_100_ms(run: Run, monkeypatch: pytest.MonkeyPatch):
    """Rounded up."""
    times = iter([10.0, 10.0, 10.0, 10.12])
    monkeypatch.setattr(time, "monotonic", lambda: next(times, 10.12))
    answer = run({"One": {"Type": "Pass", "End": True}}, "")["answer"]
    assert answer["billingDetails"]["billedDurationInMilliseconds"] == 200
