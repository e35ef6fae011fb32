"""Runs workflows in the engine of the emulator, in the process of the tests."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.services import stepfunctions

from local.emulator.stepfunctions.workflow_executions import WorkflowExecutions

ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:tests"

Run = Callable[[dict[str, Any], Any], dict[str, Any]]
"""Runs states with an input, and returns the execution, with the answer of StartSyncExecution as `answer`."""


class NotDurable:
    """Records no execution."""

    def execution_began(self, *_: Any) -> None:
        """Nothing runs again after a crash here."""

    def execution_ended(self, *_: Any) -> None:
        """See above."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """On an engine that records nothing for a crash."""
    # The additions replace some functions: afterwards all are as before.
    for name, value in list(vars(stepfunctions).items()):
        if callable(value):
            monkeypatch.setattr(stepfunctions, name, value)
    executions = WorkflowExecutions(10, NotDurable())  # type: ignore[arg-type]

    def run_states(states: dict[str, Any], given: Any) -> dict[str, Any]:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = {"stateMachineArn": ARN, "name": "tests", "type": "EXPRESS", "roleArn": "none"}
        stepfunctions._state_machines[ARN] = machine | {"definition": json.dumps(definition)}
        _, _, body = executions.start_sync({"stateMachineArn": ARN, "input": json.dumps(given)})
        execution: dict[str, Any] = list(stepfunctions._executions.values())[-1]
        return execution | {"answer": json.loads(body)}

    yield run_states
    stepfunctions._state_machines.pop(ARN, None)
    stepfunctions._executions.clear()
