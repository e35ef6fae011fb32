"""The line that Lambda writes about a call that failed."""

from local.emulator.lambda_.invocation_logs import with_failure
from ops.runs.function_logs import parse

TRACEBACK = ["Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no"]


def test_an_error_is_one_event_with_its_traceback():
    """It begins with the error's name, which a search for errors finds; what was printed before stays."""
    error = {"errorType": "Runtime.ImportModuleError", "errorMessage": "No module named 'x'"}
    printed, failure = with_failure(["before", *TRACEBACK], error, "r-1")
    assert (printed, failure.splitlines()[1:]) == ("before", TRACEBACK)
    line = parse("ApiFunction", 0, failure)
    assert (line.level, line.message) == ("ERROR", "[ERROR] Runtime.ImportModuleError: No module named 'x'")


def test_a_timeout_is_a_separate_line():
    """With the id of the request."""
    error = {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: r-1 Error: Task timed out after 3.00 seconds",
    }
    [line] = with_failure([], error, "r-1")
    assert line.endswith("r-1 Task timed out after 3.00 seconds")
    assert parse("ApiFunction", 0, line).level == "ERROR"


def test_a_call_that_succeeded_has_no_such_line():
    """What it printed is unchanged, a traceback that it caught too."""
    assert with_failure(TRACEBACK, None, "r-1") == TRACEBACK
