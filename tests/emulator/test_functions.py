"""Functions run as Lambda runs them, in few processes."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.emulator.conftest import Stack


def test_what_a_function_prints_reaches_its_log_group(stack: Stack):
    """Between START and REPORT, once, also when it returns at once."""
    stack.invoke("Work", {"print": "a line of the function"})
    group = f"/aws/lambda/{stack.outputs['Work']}"
    assert stack.log_lines(group, "a line of the function") == ["a line of the function"]
    assert any("Billed Duration" in line for line in stack.log_lines(group, "REPORT RequestId"))


def test_an_error_keeps_its_name_and_its_environment_goes_on(stack: Stack):
    """Lambda answers with the exception's type; the process serves the next call."""
    before = stack.invoke("Work", {})["answer"]
    failed = stack.invoke("Work", {"raise": True})
    assert failed["failed"]
    assert failed["answer"]["errorType"] == "NotReadyError"
    assert failed["answer"]["errorMessage"] == "not yet"
    after = stack.invoke("Work", {})["answer"]
    assert after["pid"] == before["pid"]
    assert after["calls"] == before["calls"] + 2


def test_a_result_that_is_no_json_is_a_marshal_error(stack: Stack):
    """As Lambda names it."""
    failed = stack.invoke("Work", {"notJson": True})
    assert failed["answer"]["errorType"] == "Runtime.MarshalError"


def test_a_function_that_exceeds_its_timeout_is_ended(stack: Stack):
    """The call fails at the timeout, and the next one finds a new environment."""
    failed = stack.invoke("Slow", {"sleep": 3})
    assert failed["answer"]["errorType"] == "Sandbox.Timedout"
    assert "timed out after 1.00 seconds" in failed["answer"]["errorMessage"]
    assert not stack.invoke("Slow", {})["failed"]


def test_calls_queue_beyond_four_environments(stack: Stack):
    """Twenty calls at once all succeed, in at most four processes."""
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: stack.invoke("Work", {"sleep": 0.2, "n": n}), range(20)))
    assert not any(answer["failed"] for answer in answers)
    assert sorted(answer["answer"]["event"]["n"] for answer in answers) == list(range(20))
    assert 2 <= len({answer["answer"]["pid"] for answer in answers}) <= 4


def test_a_call_has_a_trace_and_a_deadline_and_no_profile_of_the_developer(stack: Stack):
    """`_X_AMZN_TRACE_ID` is set for every call; this machine's own AWS settings do not pass."""
    assert "AWS_PROFILE" not in os.environ
    answer = stack.invoke("Work", {})["answer"]
    assert "Parent=" in answer["trace"]
    assert 0 < answer["remaining"] <= 5000, "the function's timeout, and what is left of it"
    assert answer["profile"] is None


def test_a_changed_function_runs_its_new_code(stack: Stack):
    """An update of the configuration replaces the environments."""
    functions = stack.client("lambda")
    name = functions.create_function(
        FunctionName="changing",
        Runtime="python3.14",
        Role="arn:aws:iam::000000000000:role/tests",
        Handler="index.handler",
        Code={"ZipFile": zipped("import os\ndef handler(event, context):\n    return os.environ['SAYS']\n")},
        Environment={"Variables": {"SAYS": "before"}},
    )["FunctionName"]

    def said() -> Any:
        return json.loads(functions.invoke(FunctionName=name)["Payload"].read())

    assert said() == "before"
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"SAYS": "after"}})
    assert said() == "after"
    functions.update_function_code(
        FunctionName=name, ZipFile=zipped("def handler(event, context):\n    return 'new code'\n")
    )
    assert said() == "new code"
    functions.delete_function(FunctionName=name)


def test_a_module_that_does_not_import_fails_each_call_with_the_reason(stack: Stack):
    """Lambda's Runtime.ImportModuleError, with what was wrong."""
    functions = stack.client("lambda")
    functions.create_function(
        FunctionName="broken",
        Runtime="python3.14",
        Role="arn:aws:iam::000000000000:role/tests",
        Handler="index.handler",
        Code={"ZipFile": zipped("import no_such_module\n")},
    )
    answer = json.loads(functions.invoke(FunctionName="broken")["Payload"].read())
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module" in answer["errorMessage"]
    functions.delete_function(FunctionName="broken")


def zipped(source: str) -> bytes:
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("index.py", source)
    return archive.getvalue()
