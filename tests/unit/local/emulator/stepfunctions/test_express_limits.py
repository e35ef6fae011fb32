"""The limits of an Express execution, the size of its data and its time, and the time that is billed."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from ministack.services import stepfunctions

from local.emulator.stepfunctions import workflow_executions
from local.emulator.stepfunctions.workflow_executions import MAX_DATA_BYTES, WorkflowExecutions

REPLACED = (
    "_start_execution", "_start_sync_execution", "_describe_state_machine", "_emit_execution_status_event",
    "_apply_jsonata_arguments", "_apply_state_assign", "_evaluate_jsonata_choice_rule", "_call_lambda",
    "_invoke_resource", "_error_matches", "_run_execution", "_run_sub_machine", "_add_event",
)  # fmt: skip
ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:limits"
DOUBLE = {"Type": "Pass", "Output": "{% [$states.input, $states.input] %}", "End": True}
SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Arguments": {"QueueUrl": "none", "MessageBody": "{% [$states.input, $states.input] %}"},
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    "End": True,
}
CAUGHT = {"Type": "Pass", "Output": "caught", "End": True}

Run = Callable[[dict[str, Any], Any], dict[str, Any]]
"""Runs states with an input, and returns the execution, with the answer of StartSyncExecution as `answer`."""


class NotDurable:
    """Records no execution."""

    def execution_began(self, *_: Any) -> None:
        """Nothing runs again after a crash here."""

    def execution_ended(self, *_: Any) -> None:
        """See above."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """On an engine with the limits, which records nothing for a crash."""
    for name in REPLACED:
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    executions = WorkflowExecutions(10, NotDurable())  # type: ignore[arg-type]

    def run_states(states: dict[str, Any], given: Any) -> dict[str, Any]:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = {"stateMachineArn": ARN, "name": "limits", "type": "EXPRESS", "roleArn": "none"}
        stepfunctions._state_machines[ARN] = machine | {"definition": json.dumps(definition)}
        _, _, body = executions.start_sync({"stateMachineArn": ARN, "input": json.dumps(given)})
        execution: dict[str, Any] = list(stepfunctions._executions.values())[-1]
        return execution | {"answer": json.loads(body)}

    return run_states


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
