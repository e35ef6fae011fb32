"""The parts of a start: ports, progress, the state directory, prerequisites, and the messages of failures."""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local import cli, deployment, prerequisites
from local.deployment import error_line
from local.emulator import patching
from local.emulator_process import EmulatorProcess
from local.errors import LocalStageError
from local.front_door.server import FrontDoor
from local.front_door.site_addresses import SiteAddresses
from local.ports import choose_emulator_port, free_port, listen, open_site_port
from local.progress import Progress
from local.state_directory import REPOSITORY, StateDirectory
from local.supervisor import StartOptions, Supervisor
from ops.errors import ExitCode
from tests.local_stage import ROOT
from tests.waiting import DEADLINE_SECONDS


def test_the_error_for_a_port_in_use_names_the_option_for_another():
    """It contains the port, its purpose and the option."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalStageError, match=rf"Port {port} for the site is in use: .*--port N"):
            listen(port, "the site", "--port")


def test_a_free_port_can_be_opened():
    """Port 0 takes a free one."""
    with listen(free_port(), "the site", "--port"), listen(0, "the site", "--port") as opened:
        assert opened.getsockname()[0] == "127.0.0.1"


def test_an_answer_is_sent_without_waiting_for_an_acknowledgement():
    """A response in two writes would otherwise take 40 ms, on a connection that is used again."""

    async def has_no_delay() -> int:
        values: asyncio.Queue[int] = asyncio.Queue()

        def on_connection(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            values.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(on_connection, sock=listen(0, "the site", "--port")) as server:
            _reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            value = await values.get()
            writer.close()
            return value

    assert asyncio.run(has_no_delay()) != 0


def test_the_site_prefers_its_saved_port_to_a_free_one():
    """With --port 0 and without --port; with --port 0 a saved port that is in use is replaced by a free one."""
    saved = free_port()
    for requested in (0, None):
        with open_site_port(requested, saved) as opened:
            assert opened.getsockname()[1] == saved
    with listen(saved, "another process", ""), open_site_port(0, saved) as opened:
        assert opened.getsockname()[1] not in (0, saved)


def test_the_emulator_keeps_the_port_of_the_saved_stage():
    """Another one is refused with the options that delete the saved data."""
    saved = free_port()
    assert choose_emulator_port(None, saved) == choose_emulator_port(0, saved) == saved
    with pytest.raises(LocalStageError, match=f"emulator on port {saved}: .*--fresh --emulator-port 1"):
        choose_emulator_port(1, saved)


def test_steps_are_plain_lines_when_piped():
    """Each with its duration, and with a text that the step itself may set."""
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.step("Doing", "Done") as step:
        step.done = "Done [with] brackets"
    progress.write_line("and a line")
    first, second = stream.getvalue().splitlines()
    assert first.startswith("Done [with] brackets (0.0 s)")
    assert second == "and a line"


def test_a_failed_step_prints_nothing():
    """The failure's own message is printed instead."""
    stream = io.StringIO()
    with pytest.raises(LocalStageError), Progress(stream).step("Doing", "Done"):
        raise LocalStageError("no")
    assert stream.getvalue() == ""


def test_the_line_that_names_the_cause_of_a_failed_cdk_run():
    """The exception of a Python app, else the last line that mentions an error."""
    python = (
        "Traceback (most recent call last):\n"
        '  File "app.py", line 3, in <module>\n'
        "    boom()\n"
        "ValueError: a stage's name begins with a letter\n"
        "python app.py: Subprocess exited with error 1\n"
    )
    assert error_line(python) == "ValueError: a stage's name begins with a letter"
    deploy = (
        "deploying...\n❌  Parley-local-Data failed: ToolkitError: the table is broken\n    at deploy (x.js:1)\n"
    )
    assert error_line(deploy) == "❌  Parley-local-Data failed: ToolkitError: the table is broken"
    assert error_line("") == "no output"


def test_a_directory_has_one_supervisor(tmp_path: Path):
    """A second one is refused with the address of the first; nothing runs once the first has ended."""
    state = StateDirectory(tmp_path)
    assert state.supervisor_pid() is None
    with state.locked():
        state.write_running({"url": "http://localhost:1"})
        second = StateDirectory(tmp_path)
        message = r"already runs in .* \(http://localhost:1, process"
        with pytest.raises(LocalStageError, match=message), second.locked():
            pass
        assert second.supervisor_pid() is not None
    assert state.supervisor_pid() is None
    assert state.running() is None


def test_the_error_for_a_missing_cdk_cli_names_the_command_that_installs_it(tmp_path: Path):
    """Node and Python exist where these tests run."""
    with pytest.raises(LocalStageError, match="make setup"):
        prerequisites.check(tmp_path)


@pytest.mark.parametrize(
    ("version", "is_supported"),
    [
        ("20.18.3", False),
        ("20.19.0", True),
        ("21.7.3", False),
        ("22.11.0", False),
        ("22.12.0", True),
        ("24.0.0", True),
        ("", False),
    ],
)
def test_a_node_that_cannot_build_the_ui_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_supported: bool
):
    """With its version, and the versions that can."""
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {f'v{version}' if version else ''}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    refusal = "make setup" if is_supported else rf"needs Node 22\.12 or newer .*, and .* {version or 'unknown'}:"
    with pytest.raises(LocalStageError, match=refusal):
        prerequisites.check(tmp_path)


def test_the_supported_versions_of_node_are_those_of_vite():
    """The package that requires the newest of those which build the UI."""
    packages = json.loads((REPOSITORY / "ui" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    required = {name: packages[name]["engines"]["node"] for name in ("", "node_modules/vite")}
    assert set(required.values()) == {"^20.19.0 || >=22.12.0"}


def test_another_emulator_version_is_refused_with_both_versions(monkeypatch: pytest.MonkeyPatch):
    """The emulator's additions patch exactly one version."""
    monkeypatch.setattr(patching, "MINISTACK_VERSION", "9.9.9")
    with pytest.raises(patching.UnsupportedEmulatorError, match=r"needs ministack==9\.9\.9, and 1\.5\.33 is"):
        patching.require_version()


def test_patching_a_function_that_does_not_exist_fails_the_start():
    """Otherwise the addition would have no effect."""
    with pytest.raises(patching.UnsupportedEmulatorError, match=r"core\.concurrency\.no_such_function"):
        patching.original("core.concurrency", "no_such_function")


def test_a_stopped_start_in_the_background_does_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C says "Stopped.", and the process that it waited for has ended."""
    waited_for: list[subprocess.Popen[bytes]] = []

    def stopped(process: subprocess.Popen[bytes], *_: object, **__: object) -> None:
        waited_for.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "UP", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(cli, "_print_until_ready", stopped)
    with pytest.raises(KeyboardInterrupt):
        cli._start_detached(StateDirectory(tmp_path), StartOptions(), as_json=False)
    assert [process.poll() for process in waited_for] == [-signal.SIGTERM]


def test_a_failed_deployment_names_the_resource_and_its_reason(monkeypatch: pytest.MonkeyPatch):
    """The first that failed since the start: not the stack, what was cancelled, or an earlier deployment."""
    since = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)

    def event(second: int, resource: str, kind: str, status: str, reason: str) -> dict[str, Any]:
        return {
            "StackId": "id",
            "EventId": "id",
            "StackName": "Parley-local-Data",
            "LogicalResourceId": resource,
            "ResourceType": kind,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": since + timedelta(seconds=second),
        }

    events = [
        event(9, "Parley-local-Data", "AWS::CloudFormation::Stack", "CREATE_FAILED", "resources failed"),
        event(8, "Users", "AWS::DynamoDB::Table", "CREATE_FAILED", "Resource creation cancelled"),
        event(7, "Other", "AWS::SQS::Queue", "CREATE_FAILED", "a later failure"),
        event(6, "Messages", "AWS::DynamoDB::Table", "CREATE_FAILED", "One attribute has no definition."),
        event(5, "Members", "AWS::DynamoDB::Table", "CREATE_COMPLETE", ""),
        event(-9, "Old", "AWS::SQS::Queue", "CREATE_FAILED", "of an earlier deployment"),
    ]
    stacks = [{"StackName": "Parley-local-Data", "CreationTime": since, "StackStatus": "ROLLBACK_COMPLETE"}]
    cloudformation = boto3.client("cloudformation", region_name="us-east-1")
    monkeypatch.setattr(deployment, "client", lambda *_: cloudformation)
    with Stubber(cloudformation) as answers:
        answers.add_response("describe_stacks", {"Stacks": stacks})
        answers.add_response("describe_stack_events", {"StackEvents": events})
        assert deployment.failed_resource("", since) == (
            "Messages (AWS::DynamoDB::Table) in the stack Parley-local-Data: One attribute has no definition"
        )
        answers.add_client_error("describe_stacks")
        assert deployment.failed_resource("", since) is None


@pytest.mark.slow
def test_a_second_signal_does_not_end_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The state is saved while it arrives."""
    output = io.StringIO()
    sent: list[signal.Signals] = []
    emulator = EmulatorProcess(free_port(), tmp_path, tmp_path / "log")
    addresses = SiteAddresses("http://localhost:1", emulator.port)
    supervisor = Supervisor(StateDirectory(tmp_path), StartOptions(), Progress(output))

    def has_ended() -> bool:
        if not sent:
            sent.append(signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    def stop() -> bool:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            sent.append(number)
            os.kill(os.getpid(), number)
        return True

    monkeypatch.setattr(emulator, "has_ended", has_ended)
    monkeypatch.setattr(emulator, "stop", stop)
    with listen(0, "the site", "--port") as site:
        asyncio.run(supervisor._serve(emulator, FrontDoor(emulator.url, addresses), site, {}))
    assert len(sent) == 4
    assert output.getvalue().splitlines() == ["Stopping, and saving the state.", "The state is saved."]


STAGE_WITH_QUERIES = """
import asyncio, sys, threading
from inspector.api import Inspector
from inspector.sign_in import OperatorKey
from local import command_line
from local.supervisor import Supervisor
from tests.unit.ops.stages import deployed_stage

begun = threading.Event()

def wait(_stage):
    begun.set()
    threading.Event().wait()

async def serve():
    inspector = Inspector()
    inspector.open(deployed_stage(), OperatorKey())
    queries = [asyncio.create_task(inspector._query(wait)) for _ in range(100)]
    await asyncio.to_thread(begun.wait)
    await asyncio.to_thread(print, "The state is saved.")

Supervisor.run = lambda *_: asyncio.run(serve())
sys.argv = ["parley", "up", "--state-dir", sys.argv[1]]
command_line.main()
"""


@pytest.mark.slow
def test_a_stop_waits_for_no_query_of_the_inspector(tmp_path: Path):
    """A query of the archive can wait for minutes. Many of them leave the threads that stop the stage alone."""
    ended = subprocess.run(
        [sys.executable, "-c", STAGE_WITH_QUERIES, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (ExitCode.DONE, "The state is saved.\n", "")
