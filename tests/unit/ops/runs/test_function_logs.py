"""What the logs say about errors, in one line each."""

import json

import pytest

from ops.runs import function_logs
from ops.runs.function_logs import WORKFLOW, parse
from tests.unit.ops.stages import deployed_stage, stubbed

TRACE = {"stackTrace": ["a line"]}


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        (
            json.dumps({"errorMessage": "No module named 'x'", "errorType": "ImportModuleError", **TRACE}),
            "No module named 'x'",
        ),
        ("Traceback:\nValueError: no", "ValueError: no"),
        ('{"errorMessage": "cut o', '{"errorMessage": "cut o'),
        ("", None),
    ],
    ids=["Lambda's JSON", "a traceback", "cut off", "nothing"],
)
def test_the_cause_of_a_failed_task_is_its_message(cause: str, shown: str | None):
    """A stack trace would fill the screen, and hide which error it is."""
    line = parse(WORKFLOW, 0, json.dumps({"type": "TaskFailed", "details": {"error": "E", "cause": cause}}))
    assert (line.level, line.error, line.cause) == ("ERROR", "E", shown)


def test_the_cause_of_a_malformed_update_is_its_fault():
    """The line has no exception."""
    fields = {"level": "ERROR", "message": "malformed status update", "fault": "until: Field required"}
    line = parse("BroadcastStatus", 0, json.dumps(fields))
    assert (line.level, line.error, line.cause) == ("ERROR", None, "until: Field required")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"POWERTOOLS_LOG_LEVEL": "INFO"}, None),
        ({"POWERTOOLS_LOG_LEVEL": "DEBUG"}, None),
        ({}, None),
        ({"POWERTOOLS_LOG_LEVEL": "WARNING"}, "functions log WARNING and above only"),
    ],
)
def test_the_omission_names_the_log_level(variables: dict[str, str], sentence: str | None):
    """With INFO, every step is logged and there is no omission."""
    stage = deployed_stage(Delivery={"PostToConnectionsFunctionName": "post"})
    with stubbed(stage, "lambda") as functions:
        functions.add_response("get_function_configuration", {"Environment": {"Variables": variables}})
        found = function_logs.omission(stage)
    assert (found is None) if sentence is None else (sentence in str(found))


def test_a_missing_right_to_read_the_level_is_named():
    """The lines are still shown."""
    stage = deployed_stage(Delivery={"PostToConnectionsFunctionName": "post"})
    message = "User: x is not authorized to perform: lambda:GetFunctionConfiguration on resource: y"
    with stubbed(stage, "lambda") as functions:
        functions.add_client_error("get_function_configuration", "AccessDeniedException", message)
        assert "lambda:GetFunctionConfiguration" in str(function_logs.omission(stage))
