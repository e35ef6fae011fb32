"""The processes of functions: forks of one that has imported what functions have in common."""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.emulator.lambda_ import function_processes
from local.emulator.lambda_.environments import Environment, Invocation
from local.emulator.lambda_.function_processes import FunctionInitError, FunctionProcesses, Start
from tests.waiting import wait_until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="each process is a new one elsewhere")


@pytest.fixture(scope="module")
def processes() -> Iterator[FunctionProcesses]:
    """Starts the processes of the tests, and ends them."""
    started = FunctionProcesses()
    yield started
    started.stop()


def function(directory: Path, code: str, **environment: str) -> Start:
    """A function whose handler returns the value of an expression."""
    directory.mkdir()
    (directory / "work.py").write_text(
        f"import os, sys, boto3\n\n\ndef handler(event, context):\n    return {code}\n"
    )
    lambda_variables = {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    lambda_variables |= {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "g"}
    return Start(directory, (), "work.handler", lambda_variables | environment)


def answer(processes: FunctionProcesses, start: Start) -> Any:
    """The result of one call of a function, in a new process."""
    process = processes.start(start)
    try:
        environment = Environment(process.open_environment(), version="1")
        result = environment.invoke(Invocation({}, "r-1", "arn", "Root=1", 10.0))
        environment.stop()
        assert process.is_running()
    finally:
        process.stop()
    assert not process.is_running()
    assert result.error is None
    return result.result


def test_each_function_has_its_own_code_directory_and_variables(processes: FunctionProcesses, tmp_path: Path):
    """Nothing of one function, or of this process, is in the process of another one."""
    code = "[os.environ.get('MINE'), os.environ.get('THEIRS'), os.getcwd(), 'PATH' in os.environ]"
    first = function(tmp_path / "first", code, MINE="1")
    second = function(tmp_path / "second", code, THEIRS="2")
    assert answer(processes, first) == ["1", None, str(tmp_path / "first"), False]
    assert answer(processes, second) == [None, "2", str(tmp_path / "second"), False]


@LINUX
def test_functions_are_forks_of_one_process(processes: FunctionProcesses, tmp_path: Path):
    """It is replaced if it has ended."""
    starts = [function(tmp_path / f"{number}", "1") for number in range(3)]
    parents = []
    for start in starts[:2]:
        process = processes.start(start)
        status = Path(f"/proc/{process.process_id}/stat").read_text()
        parents.append(int(status.rpartition(")")[2].split()[1]))
        process.stop()
    assert parents[0] == parents[1] != os.getpid()
    os.kill(parents[0], signal.SIGKILL)
    wait_until(lambda: not processes._preloaded[()].is_running(), "the process has ended")
    assert answer(processes, starts[2]) == 1


@LINUX
def test_a_process_has_the_name_of_its_handlers_module(processes: FunctionProcesses, tmp_path: Path):
    """Of which Linux keeps 15 characters."""
    start = function(tmp_path / "named", "open('/proc/self/comm').read()")
    (tmp_path / "named" / "post_to_connections.py").write_text((tmp_path / "named" / "work.py").read_text())
    assert answer(processes, start) == "work\n"
    assert answer(processes, replace(start, handler="post_to_connections.handler")) == "post_to_connect\n"


@pytest.mark.slow
@LINUX
def test_a_process_for_the_layers_of_an_earlier_deployment_is_ended(
    processes: FunctionProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of more than MAX_PRELOADED, the oldest. Its functions go on."""
    old = function(tmp_path / "old", "1")
    process = processes.start(old)
    preloaded = processes._preloaded[()]
    monkeypatch.setattr(function_processes, "MAX_PRELOADED", 1)
    assert answer(processes, replace(function(tmp_path / "new", "2"), layer_paths=(str(tmp_path),))) == 2
    assert not preloaded.is_running()
    assert list(processes._preloaded) == [(str(tmp_path),)]
    assert process.is_running()
    process.stop()
    assert answer(processes, old) == 1


def test_a_module_in_the_code_comes_before_an_imported_one(processes: FunctionProcesses, tmp_path: Path):
    """As on Lambda, where the function's directory is the first on the path."""
    start = function(tmp_path / "own", "boto3.OWN")
    (tmp_path / "own" / "boto3.py").write_text("OWN = 'mine'\n")
    assert answer(processes, start) == "mine"


def test_a_variable_that_is_read_at_import_takes_effect(processes: FunctionProcesses, tmp_path: Path):
    """boto3 reads some variables only once."""
    code = "sys.modules['botocore.configprovider'].NEW_RETRIES_ENABLED"
    assert answer(processes, function(tmp_path / "own", code, AWS_NEW_RETRIES_2026="true")) is True


@pytest.mark.slow
def test_an_import_that_does_not_end_is_ended(
    processes: FunctionProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """After the time that an init phase may take; a file shows that it had begun."""
    start = function(tmp_path / "slow", "1")
    begun = tmp_path / "begun"
    (tmp_path / "slow" / "work.py").write_text(
        f"import os, time\nopen({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    answer(processes, function(tmp_path / "other", "1"))
    monkeypatch.setattr(function_processes, "INIT_SECONDS", 1.0)

    def timed_out_after_it_began() -> bool:
        with pytest.raises(TimeoutError):
            processes.start(start)
        return begun.exists() and begun.read_text() != ""

    wait_until(timed_out_after_it_began, "the import has begun")
    process_id = int(begun.read_text())
    wait_until(lambda: not Path(f"/proc/{process_id}").exists(), "the process has ended")


def test_a_process_that_ends_during_its_import_is_a_failure(processes: FunctionProcesses, tmp_path: Path):
    """The error is Lambda's for a runtime that exits."""
    start = function(tmp_path / "ending", "1")
    (tmp_path / "ending" / "work.py").write_text("import os\nos._exit(3)\n")
    with pytest.raises(FunctionInitError) as failure:
        processes.start(start)
    assert failure.value.error == {"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}
    assert failure.value.log == ""
