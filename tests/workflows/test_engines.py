"""Two independent engines run the deployed definition in the same way: the same states, results and errors."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sfnx.testing import Call, Failure

from tests.emulator_control import LocalStage
from tests.guarantees.faults import Faults
from tests.local_stage import TestStage
from tests.second_engine import Run
from tests.workflow_cases import CASE_OF_TASK, CASES
from tests.workflows.conftest import SecondWorkflow, Workflow

TABLE_ERRORS = {
    "throttled": ("{dynamodb}.{other}", "Throughput exceeds the current capacity of your table or index"),
    "throttled, with a name": ("{dynamodb}.ThrottlingException", ""),
    "limited": ("{dynamodb}.RequestLimitExceeded", ""),
    "limited, in the other spelling": ("{dynamodb}.RequestLimitExceededException", ""),
    "failed": ("{dynamodb}.InternalServerErrorException", ""),
    "timed out": ("States.Timeout", ""),
    "not evaluated": ("States.QueryEvaluationError", ""),
}
TRANSACTION_ERRORS = {
    "conflict": ("DynamoDb.TransactionCanceledException", "[TransactionConflict, None]"),
    "throttled transaction": ("DynamoDb.TransactionCanceledException", "[ThrottlingError, None]"),
    "condition": ("DynamoDb.TransactionCanceledException", "[ConditionalCheckFailed, None]"),
}
FUNCTION_ERRORS = {
    "throttled": ("Lambda.TooManyRequestsException", ""),
    "failed": ("Runtime.ExitError", ""),
    "refused": ("MalformedEventError", ""),
    "timed out": ("Sandbox.Timedout", ""),
}
SDK_TASKS = ("PersistOnce", "FindRecipients", "FindLeaverConnections")


def errors_of(task: str) -> dict[str, tuple[str, str]]:
    """The errors that a task is given, by their description."""
    if task == "PostBatch":
        return FUNCTION_ERRORS
    dynamodb, other = (
        ("DynamoDb", "DynamoDbException") if task in SDK_TASKS else ("DynamoDB", "AmazonDynamoDBException")
    )
    named = {
        kind: (error.format(dynamodb=dynamodb, other=other), cause)
        for kind, (error, cause) in TABLE_ERRORS.items()
    }
    return named | (TRANSACTION_ERRORS if task == "PersistOnce" else {})


FAULTS = [(task, *error) for task in CASE_OF_TASK for error in errors_of(task).values()]


def trace(run: Run) -> tuple[list[str], Counter[str]]:
    """The states in order; those within Map, whose iterations are concurrent, by their number."""
    nested = ("PostBatch", "MayPostAgain", "BackOffPosting", "BatchFailed")
    return [state for state in run.states if state not in nested], Counter(
        state for state in run.states if state in nested
    )


def result(run: Run) -> tuple[str, str | None, dict[str, Any]]:
    """The status, the error and the output, apart from what differs between channels."""
    return run.status, run.error, {name: (run.output or {}).get(name) for name in ("outcome", "detailType", "seq")}


def assert_same(stage: TestStage, case: str, run: Callable[[Workflow, dict[str, Any]], Run]) -> Run:
    """Run a case in each engine, each in its own channel."""
    runs = []
    for workflow in (Workflow(stage), SecondWorkflow(stage)):
        channel_id = workflow.channel()
        event = CASES[case](channel_id, workflow.run, workflow.table)
        workflow.subscribe(channel_id, 2)
        runs.append(run(workflow, event))
    first, second = runs
    assert trace(first) == trace(second)
    assert result(first) == result(second)
    return first


@pytest.mark.parametrize("case", CASES)
def test_both_engines_enter_the_same_states(stage: TestStage, case: str):
    """In every case without a fault."""
    assert_same(stage, case, lambda workflow, event: workflow.run(event))


@pytest.fixture
def faults(stage: TestStage) -> Faults:
    """The emulator's faults."""
    if stage.state_dir is None:
        pytest.skip("AWS has no faults on request")
    return Faults(LocalStage.load(stage.state_dir))


@pytest.mark.thorough  # unit/workflows/test_deliver_runs.py does the same in the second engine alone
@pytest.mark.parametrize(("task", "error", "cause"), FAULTS)
def test_both_engines_enter_the_same_states_after_a_failure(
    stage: TestStage, faults: Faults, task: str, error: str, cause: str
):
    """After every error of every task."""

    def run(workflow: Workflow, event: dict[str, Any]) -> Run:
        if isinstance(workflow, SecondWorkflow):
            left = [Failure(error, cause)]

            def fail(call: Call) -> None:
                if call.state == task and left:
                    raise left.pop()

            return workflow.engine.run(event, fault=fail)
        rule = {"where": "task", "what": "fail", "only": task, "error": error, "cause": cause, "times": 1}
        with faults.of(rule):
            return workflow.run(event)

    ended = assert_same(stage, CASE_OF_TASK[task], run)
    assert task in ended.states
