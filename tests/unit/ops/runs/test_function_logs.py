"""What the logs say about errors, in one line each."""

import json

import pytest

from ops.runs.function_logs import WORKFLOW, parse

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
