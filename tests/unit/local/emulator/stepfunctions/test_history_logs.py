"""The history of executions in the form of Step Functions' vended logs."""

import json
from typing import Any

import pytest

from local.emulator.stepfunctions.history_logs import data_of, history_line, is_logged, split_resource


def test_a_history_event_in_vended_form():
    """Values are strings, except the details; without execution data, these have no payload."""
    event = {
        "id": 4,
        "type": "TaskScheduled",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "previousEventId": 3,
        "taskScheduledEventDetails": {
            "resource": "arn:aws:states:::aws-sdk:dynamodb:query",
            "parameters": '{"TableName":"t"}',
        },
    }
    arn = "arn:aws:states:eu-west-1:0:express:m:n:u"
    assert json.loads(history_line(event, arn, with_data=True)) == {
        "id": "4",
        "type": "TaskScheduled",
        "details": {
            "resource": "query",
            "resourceType": "aws-sdk:dynamodb",
            "region": "eu-west-1",
            "parameters": '{"TableName":"t"}',
        },
        "previous_event_id": "3",
        "event_timestamp": "1767323045678",
        "execution_arn": arn,
        "redrive_count": "0",
    }
    assert "parameters" not in json.loads(history_line(event, arn, with_data=False))["details"]


@pytest.mark.parametrize(
    ("event_type", "levels"),
    [
        ("PassStateEntered", {"ALL"}),
        ("TaskFailed", {"ALL", "ERROR"}),
        ("ExecutionFailed", {"ALL", "ERROR", "FATAL"}),
        ("ExecutionSucceeded", {"ALL"}),
    ],
)
def test_each_logging_level_keeps_its_events(event_type: str, levels: set[str]):
    """ALL keeps every event, ERROR every failure, FATAL the failure of the execution."""
    assert {level for level in ("ALL", "ERROR", "FATAL") if is_logged(event_type, level)} == levels


def test_a_tasks_resource_is_split_as_in_history_events():
    """For optimised integrations, SDK integrations and functions."""
    assert split_resource("arn:aws:states:::lambda:invoke") == ("lambda", "invoke")
    assert split_resource("arn:aws:states:::aws-sdk:dynamodb:query") == ("aws-sdk:dynamodb", "query")
    arn = "arn:aws:lambda:us-east-1:0:function:f"
    assert split_resource(arn) == ("lambda", arn)


def test_data_is_encoded_when_the_history_is_written():
    """That of an Express execution; a Standard one is read while it runs."""
    data: dict[str, Any] = {"output": {"a": [1]}, "assignedVariables": {"text": "é", "missing": None}}
    encoded = {"output": '{"a":[1]}', "assignedVariables": {"text": '"é"', "missing": "null"}}
    assert data_of({"executionArn": "arn:aws:states:eu-west-1:0:execution:m:n"}, **data) == encoded
    arn = "arn:aws:states:eu-west-1:0:express:m:n:u"
    event = {
        "id": 5,
        "type": "TaskStateExited",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "stateExitedEventDetails": {"name": "A", **data_of({"executionArn": arn}, **data)},
    }
    written = json.loads(history_line(event, arn, with_data=True))["details"]
    assert written == {"name": "A", **encoded, "outputDetails": {"truncated": False}}
    assert json.loads(history_line(event, arn, with_data=False))["details"] == {"name": "A"}
