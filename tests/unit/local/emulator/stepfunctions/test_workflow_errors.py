"""Errors have the names that they have on Step Functions."""

import json

import pytest

from local.emulator.faults import FaultRule, task_error
from local.emulator.stepfunctions.workflow_executions import (
    MAX_DATA_BYTES,
    dynamodb_error,
    error_matches,
    is_too_large,
)

PUT = "arn:aws:states:::dynamodb:putItem"
TRANSACT = "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems"
INVOKE = "arn:aws:states:::lambda:invoke"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("DynamoDB.ThrottlingException", "DynamoDB.AmazonDynamoDBException"),
        ("DynamoDB.ValidationException", "DynamoDB.AmazonDynamoDBException"),
        ("DynamoDB.ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException"),
        ("DynamoDB.InternalServerError", "DynamoDB.InternalServerErrorException"),
        ("DynamoDb.ThrottlingException", "DynamoDb.DynamoDbException"),
        ("DynamoDb.TransactionCanceledException", "DynamoDb.TransactionCanceledException"),
        ("DynamoDb.RequestLimitExceeded", "DynamoDb.RequestLimitExceededException"),
        ("SQS.QueueDoesNotExist", "SQS.QueueDoesNotExist"),
        ("States.Timeout", "States.Timeout"),
    ],
)
def test_an_error_without_a_class_in_the_sdk_has_the_services_name(given: str, expected: str):
    """A throttle of an on-demand table and a validation error have the same name, and differ in the cause."""
    name, cause = dynamodb_error(given, "why")
    assert name == expected
    assert cause.startswith("why")


def test_the_cause_of_an_optimised_integration_has_the_code():
    """As the SDK for Java writes it."""
    _, cause = dynamodb_error("DynamoDB.ThrottlingException", "too fast")
    assert "Error Code: ThrottlingException" in cause


@pytest.mark.parametrize(
    ("names", "error", "matched"),
    [
        (["States.ALL"], "DynamoDB.AmazonDynamoDBException", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.TaskFailed"], "States.DataLimitExceeded", False),
        (["States.ALL"], "States.Timeout", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.QueryEvaluationError", False),
        (["States.TaskFailed"], "Lambda.Unknown", True),
        (["Lambda.Unknown"], "Lambda.Unknown", True),
        (["Lambda.Unknown"], "Lambda.ServiceException", False),
    ],
)
def test_a_handler_matches_the_errors_that_it_matches_on_aws(names: list[str], error: str, matched: bool):
    """States.Runtime is matched by nothing, States.DataLimitExceeded by no wildcard."""
    assert error_matches(names, error) is matched


@pytest.mark.parametrize(
    ("resource", "what", "error"),
    [
        (PUT, "throttle", "DynamoDB.AmazonDynamoDBException"),
        (TRANSACT, "throttle", "DynamoDb.DynamoDbException"),
        (TRANSACT, "error", "DynamoDb.InternalServerErrorException"),
        (TRANSACT, "cancel", "DynamoDb.TransactionCanceledException"),
        (INVOKE, "throttle", "Lambda.TooManyRequestsException"),
        (INVOKE, "error", "Lambda.ServiceException"),
        (PUT, "fail", "My.Error"),
    ],
)
def test_a_fault_of_a_task_has_the_name_that_it_has_on_aws(resource: str, what: str, error: str):
    """So that a workflow whose handlers name other errors fails here too."""
    assert task_error(resource, FaultRule(where="task", what=what, error="My.Error"))[0] == error


def test_a_cancelled_transaction_has_its_reasons_in_the_cause():
    """The cause is text; the reasons are one for each action."""
    rule = FaultRule(where="task", what="cancel", reason="ThrottlingError")
    assert "[ThrottlingError, None]" in task_error(TRANSACT, rule)[1]


@pytest.mark.parametrize(
    ("characters", "length", "too_large"),
    [("a", MAX_DATA_BYTES - 4, False), ("a", MAX_DATA_BYTES - 3, True), ("é", MAX_DATA_BYTES // 2 - 2, False)],
)
def test_data_is_measured_as_utf8_without_spaces(characters: str, length: int, too_large: bool):
    """The encoder of the standard library writes `\\u00e9` for é, and spaces between elements."""
    assert is_too_large(json.dumps([characters * length])) is too_large
    assert not is_too_large(json.dumps([1] * (MAX_DATA_BYTES // 2 - 1)))
