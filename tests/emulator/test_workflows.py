"""Express workflows run and tell of themselves as Step Functions' do."""

import json
import time
from typing import Any

from tests.emulator.conftest import Stack
from tests.waiting import wait_until

ALL_LOGS = "/aws/vendedlogs/states/tests-all"
ERROR_LOGS = "/aws/vendedlogs/states/tests-errors"


def test_an_execution_says_how_it_ended_and_its_name_may_repeat(stack: Stack):
    """The error and its cause; an Express name is no key."""
    workflows = stack.client("stepfunctions")
    ended = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"], name="again")
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Broken", "on purpose")
    again = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"], name="again")
    assert ended["executionArn"].split(":")[5] == "express"
    assert again["executionArn"] != ended["executionArn"]


def test_a_functions_error_is_caught_by_its_name(stack: Stack):
    """Catch sees the exception's own type."""
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["Catches"])
    assert json.loads(ended["output"]) == "caught by name"


def test_a_throttled_function_is_known_by_the_name_that_workflows_retry(stack: Stack):
    """Lambda's 429 is `Lambda.TooManyRequestsException` to a task."""
    stack.client("lambda").put_function_concurrency(
        FunctionName=stack.outputs["Never"], ReservedConcurrentExecutions=0
    )
    ended = stack.client("stepfunctions").start_sync_execution(stateMachineArn=stack.outputs["Throttled"])
    assert json.loads(ended["output"]) == "throttled"


def test_the_history_is_written_to_the_log_group_in_vended_form(stack: Stack):
    """Every event as one JSON line of strings, Map's iterations and assigned variables included."""
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
    assert assigned["assignedVariables"] == {"items": "[1, 2]"}
    scheduled = [event["details"] for event in events if event["type"] == "TaskScheduled"]
    assert {(one["resourceType"], one["resource"], one["region"]) for one in scheduled} == {
        ("lambda", "invoke", "us-east-1")
    }
    assert sorted(json.loads(one["parameters"])["Payload"]["n"] for one in scheduled) == [1, 2]
    by_id = {event["id"]: event for event in events}
    for event in events[1:]:
        assert int(by_id[event["previous_event_id"]]["id"]) < int(event["id"])


def test_level_error_keeps_failures_only(stack: Stack):
    """A failed execution leaves its failure, a succeeded one nothing."""
    workflows = stack.client("stepfunctions")
    failed = workflows.start_sync_execution(stateMachineArn=stack.outputs["Fails"])
    lines = stack.log_lines(ERROR_LOGS, failed["executionArn"])
    assert [json.loads(line)["type"] for line in lines] == ["ExecutionFailed"]


def test_the_trace_goes_from_the_bus_through_the_workflow_to_its_function(stack: Stack):
    """One trace: the workflow's segment has the sender as its parent, the function's the workflow."""
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
