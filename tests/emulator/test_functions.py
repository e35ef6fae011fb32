"""Functions run as on Lambda, in a limited number of processes."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.emulator.conftest import Stack


def test_printed_lines_reach_the_log_group(stack: Stack):
    """Once, with the REPORT line, also when the function returns immediately."""
    stack.invoke("Work", {"print": "a line of the function"})
    group = f"/aws/lambda/{stack.outputs['Work']}"
    assert stack.log_lines(group, "a line of the function") == ["a line of the function"]
    assert any("Billed Duration" in line for line in stack.log_lines(group, "REPORT RequestId"))


def test_an_error_keeps_its_name_and_its_environment_is_reused(stack: Stack):
    """The error has the exception's type, and the same process serves the next call."""
    before = stack.invoke("Work", {})["answer"]
    failed = stack.invoke("Work", {"raise": True})
    assert failed["failed"]
    assert failed["answer"]["errorType"] == "NotReadyError"
    assert failed["answer"]["errorMessage"] == "not yet"
    after = stack.invoke("Work", {})["answer"]
    assert after["pid"] == before["pid"]
    assert after["calls"] == before["calls"] + 2


def test_a_result_that_is_not_json_is_a_marshal_error(stack: Stack):
    """Its type is Lambda's Runtime.MarshalError."""
    failed = stack.invoke("Work", {"notJson": True})
    assert failed["answer"]["errorType"] == "Runtime.MarshalError"


def test_a_function_that_exceeds_its_timeout_is_ended(stack: Stack):
    """The call fails at the timeout, and the next call runs in a new environment."""
    failed = stack.invoke("Slow", {"sleep": 3})
    assert failed["answer"]["errorType"] == "Sandbox.Timedout"
    assert "timed out after 1.00 seconds" in failed["answer"]["errorMessage"]
    assert not stack.invoke("Slow", {})["failed"]


def test_calls_queue_when_four_environments_are_busy(stack: Stack):
    """Twenty concurrent calls succeed, in at most four processes."""
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: stack.invoke("Work", {"sleep": 0.2, "n": n}), range(20)))
    assert not any(answer["failed"] for answer in answers)
    assert sorted(answer["answer"]["event"]["n"] for answer in answers) == list(range(20))
    assert len({answer["answer"]["pid"] for answer in answers}) <= 4


def test_calls_run_concurrently(stack: Stack, tmp_path: Path):
    """Each of two calls returns only after the other has begun, and a process serves one call at a time."""
    files = [str(tmp_path / name) for name in ("first", "second")]
    payloads = [{"create": mine, "until": other} for mine, other in (files, reversed(files))]
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda payload: stack.invoke("Patient", payload), payloads))
    assert not any(answer["failed"] for answer in answers)
    assert len({answer["answer"]["pid"] for answer in answers}) == 2


def test_a_call_has_a_trace_and_a_deadline_but_no_aws_profile(stack: Stack):
    """`_X_AMZN_TRACE_ID` is set for every call; this machine's AWS settings are not passed."""
    assert "AWS_PROFILE" not in os.environ
    answer = stack.invoke("Work", {})["answer"]
    assert "Parent=" in answer["trace"]
    assert 0 < answer["remaining"] <= 5000, "the remaining part of the function's timeout"
    assert answer["profile"] is None


def test_a_changed_function_runs_its_new_code(stack: Stack):
    """An update of the configuration replaces the environments."""
    functions = stack.client("lambda")
    name = functions.create_function(
        FunctionName="changing",
        Runtime="python3.14",
        Role="arn:aws:iam::000000000000:role/tests",
        Handler="index.handler",
        Code={"ZipFile": zipped("import os\ndef handler(event, context):\n    return os.environ['VALUE']\n")},
        Environment={"Variables": {"VALUE": "before"}},
    )["FunctionName"]

    def result() -> Any:
        return json.loads(functions.invoke(FunctionName=name)["Payload"].read())

    assert result() == "before"
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"VALUE": "after"}})
    assert result() == "after"
    functions.update_function_code(
        FunctionName=name, ZipFile=zipped("def handler(event, context):\n    return 'new code'\n")
    )
    assert result() == "new code"
    functions.delete_function(FunctionName=name)


def test_a_module_that_does_not_import_fails_each_call_with_the_reason(stack: Stack):
    """Its type is Lambda's Runtime.ImportModuleError, with the name of the missing module."""
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
