"""Express workflows run, log and are traced as on Step Functions."""

import json
import time
from pathlib import Path
from typing import Any

from tests.emulator.conftest import Stack
from tests.waiting import wait_until

ALL_LOGS = "/aws/vendedlogs/states/tests-all"
ERROR_LOGS = "/aws/vendedlogs/states/tests-errors"


def test_an_execution_returns_its_error_and_its_name_may_repeat(stack: Stack):
    """The result has the error and its cause; Express executions may have the same name."""
    workflows = stack.client("stepfunctions")
    ended = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"], name="again")
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Broken", "on purpose")
    again = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"], name="again")
    assert ended["executionArn"].split(":")[5] == "express"
    assert again["executionArn"] != ended["executionArn"]


def test_variables_are_assigned_from_the_values_before_the_state(stack: Stack):
    """Two variables that are assigned from each other are exchanged."""
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["Swaps"])
    assert json.loads(ended["output"]) == [2, 1]


def test_a_condition_that_is_not_a_boolean_is_an_error(stack: Stack):
    """A number neither holds nor fails."""
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["ChoosesByNumber"])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert "'Condition'" in ended["cause"]
    assert "'boolean'" in ended["cause"]


def test_a_functions_error_is_caught_by_its_name(stack: Stack):
    """The error name in Catch is the type of the exception."""
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["Catches"])
    assert json.loads(ended["output"]) == "caught by name"


def test_a_throttled_function_fails_with_the_error_that_workflows_retry(stack: Stack):
    """Lambda's 429 is `Lambda.TooManyRequestsException` to a task."""
    stack.client("lambda").put_function_concurrency(
        FunctionName=stack.outputs["Never"], ReservedConcurrentExecutions=0
    )
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["Throttled"])
    assert json.loads(ended["output"]) == "throttled"


def test_the_history_is_written_to_the_log_group_in_vended_form(stack: Stack):
    """One JSON line for each event, including Map's iterations and assigned variables."""
    started = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["OneEach"], input='{"hello": 1}'
    )
    lines = stack.log_lines(ALL_LOGS, started["executionArn"], at_least=18)
    events = [json.loads(line) for line in lines]
    assert [event["id"] for event in events] == [str(number + 1) for number in range(len(events))]
    assert all(
        set(event)
        == {
            "id",
            "type",
            "details",
            "previous_event_id",
            "event_timestamp",
            "execution_arn",
            "redrive_count",
        }
        for event in events
    )
    first = events[0]
    assert first["type"] == "ExecutionStarted"
    assert first["details"]["input"] == '{"hello": 1}'
    assert first["details"]["inputDetails"] == {"truncated": False}
    types = [event["type"] for event in events]
    assert types.count("MapIterationStarted") == types.count("MapIterationSucceeded") == 2
    assert types[-1] == "ExecutionSucceeded"
    assigned = next(event for event in events if event["type"] == "PassStateExited")["details"]
    assert assigned["assignedVariables"] == {"items": "[1,2]"}
    scheduled = [event["details"] for event in events if event["type"] == "TaskScheduled"]
    assert {(task["resourceType"], task["resource"], task["region"]) for task in scheduled} == {
        ("lambda", "invoke", "us-east-1")
    }
    assert sorted(json.loads(task["parameters"])["Payload"]["n"] for task in scheduled) == [1, 2]
    by_id = {event["id"]: event for event in events}
    for event in events[1:]:
        assert int(by_id[event["previous_event_id"]]["id"]) < int(event["id"])


def test_an_execution_that_still_runs_is_in_the_log(stack: Stack, tmp_path: Path):
    """With the events until now; the others follow when it ends, and none is written twice."""
    go_on = tmp_path / "go-on"
    arn = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.outputs["Waits"], input=json.dumps({"until": str(go_on)})
    )["executionArn"]
    waiting = [json.loads(line) for line in stack.log_lines(ALL_LOGS, arn, at_least=3)]
    assert [event["type"] for event in waiting][:3] == ["ExecutionStarted", "TaskStateEntered", "TaskScheduled"]
    assert json.loads(waiting[2]["details"]["parameters"])["Payload"] == {"until": str(go_on)}
    go_on.touch()

    def ended() -> list[dict[str, Any]]:
        events = [json.loads(line) for line in stack.log_lines(ALL_LOGS, arn)]
        return events if events[-1]["type"] == "ExecutionSucceeded" else []

    events = wait_until(ended, "the execution had ended")
    assert [event["id"] for event in events] == [str(number + 1) for number in range(len(events))]


def test_a_described_workflow_has_its_log_configuration(stack: Stack):
    """In the form of the API, though the template's keys begin in upper case."""
    described = stack.client("stepfunctions").describe_state_machine(stateMachineArn=stack.outputs["Fails"])
    configuration = described["loggingConfiguration"]
    assert (configuration["level"], configuration["includeExecutionData"]) == ("ERROR", True)
    assert configuration["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"]


def test_the_level_error_logs_failures_only(stack: Stack):
    """A failed execution logs its failure and nothing else."""
    workflows = stack.client("stepfunctions")
    failed = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"])
    lines = stack.log_lines(ERROR_LOGS, failed["executionArn"])
    assert [json.loads(line)["type"] for line in lines] == ["ExecutionFailed"]


def test_a_trace_continues_from_the_bus_through_the_workflow_to_its_function(stack: Stack):
    """The parent of the workflow's segment is the sender's, that of the function's segment is the workflow's."""
    root = f"1-{int(time.time()):08x}-aaaaaaaaaaaaaaaaaaaaaaaa"
    stack.put_event("Start", {"id": "traced"}, TraceHeader=f"Root={root};Parent=00000000000000aa;Sampled=1")

    def look() -> list[dict[str, Any]]:
        traces = stack.client("xray").batch_get_traces(TraceIds=[root])["Traces"]
        segments = [json.loads(part["Document"]) for trace in traces for part in trace["Segments"]]
        return segments if len(segments) >= 3 else []

    by_origin = {segment["origin"]: segment for segment in wait_until(look, "the trace had three segments")}
    workflow = by_origin["AWS::StepFunctions::StateMachine"]
    assert workflow["parent_id"] == "00000000000000aa"
    assert by_origin["AWS::Lambda::Function"]["parent_id"] == workflow["id"]
