"""`parley inspect` before it serves: a port that is in use, and the policy."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector import rights
from local import command_line, inspect_command, ports
from ops.errors import ExitCode
from ops.stage.stage import Stage
from tests.local_stage import ROOT
from tests.unit.ops.stages import deployed_stage
from tests.waiting import DEADLINE_SECONDS


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage that the command finds."""
    found = deployed_stage()
    monkeypatch.setattr(Stage, "find", lambda *_, **__: found)
    monkeypatch.setattr(inspect_command, "_built_ui", lambda: Path("/nowhere"))
    return found


def run(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """Run the command; its exit code."""
    monkeypatch.setattr(sys, "argv", ["parley", "--stage", "tests", "inspect", *options])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    return int(end.value.code or 0)


def test_a_port_in_use_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """It names the port, and the option that chooses another."""
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        number = str(other.getsockname()[1])
        assert run(monkeypatch, "--port", number) == ExitCode.FAILED
    error = capsys.readouterr().err
    assert f"Port {number} for the inspector is in use" in error
    assert "--port" in error


def test_the_policy_is_printed_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Nothing else is printed, so that it can be written to a file."""
    monkeypatch.setattr(rights, "policy", lambda stage: {"Statement": [stage.name]})
    assert run(monkeypatch, "--print-policy") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == {"Statement": ["tests"]}


SERVER = """
import sys, threading
from pathlib import Path
from inspector import queries
from inspector.live import LiveFeed
from local import command_line, inspect_command, web_server
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage

def wait(_stage):
    print("waiting", flush=True)
    threading.Event().wait()

queries.workflow = wait
web_server.GRACEFUL_SECONDS = float(sys.argv[1])
LiveFeed._watch_events = LiveFeed._watch_runs = lambda _feed: None
Stage.find = lambda *_, **__: deployed_stage()
inspect_command._built_ui = lambda: Path("/nowhere")
sys.argv = ["parley", "--stage", "tests", "inspect", "--port", "0"]
command_line.main()
"""


PAGES = ("live", "workflow")


def send(request: urllib.request.Request) -> None:
    """Send a request that is not answered."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        urllib.request.urlopen(request, timeout=DEADLINE_SECONDS)


@dataclass(frozen=True)
class Served:
    """A running command, the requests to its pages, and the stream of its live page."""

    process: "subprocess.Popen[str]"
    requests: Mapping[str, urllib.request.Request]
    stream: http.client.HTTPResponse

    def stop(self) -> None:
        """Ctrl-C. It ends without a stack trace."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(DEADLINE_SECONDS) == ExitCode.DONE
        assert self.process.stderr
        assert "Traceback" not in self.process.stderr.read()


@contextlib.contextmanager
def served(*, graceful_seconds: float) -> Iterator[Served]:
    """The command with an open page, which waits `graceful_seconds` for requests when it is to end."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(graceful_seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        address = next(line.strip() for line in process.stdout if line.startswith("http://"))
        site, _, key = address.partition("/inspector#key=")
        headers, api = {"Authorization": f"Bearer {key}"}, f"{site}/inspector-api"
        requests = {page: urllib.request.Request(f"{api}/{page}", headers=headers) for page in PAGES}
        with urllib.request.urlopen(requests["live"], timeout=DEADLINE_SECONDS) as stream:
            assert stream.readline() == b": connected\n"
            yield Served(process, requests, stream)


@pytest.mark.slow
def test_ctrl_c_ends_it_while_a_request_waits():
    """A request that reads the archive of a stage on AWS takes minutes: Ctrl-C does not wait for it."""
    with served(graceful_seconds=0.2) as command:
        threading.Thread(target=send, args=(command.requests["workflow"],), daemon=True).start()
        assert command.process.stdout
        assert "waiting\n" in command.process.stdout
        command.stop()


@pytest.mark.thorough
@pytest.mark.slow
def test_ctrl_c_ends_the_stream_of_an_open_page():
    """The stream ends by itself: one that the server cuts off has no end, and the command waits for it first."""
    with served(graceful_seconds=DEADLINE_SECONDS / 2) as command:
        command.stop()
        assert b"event:" not in command.stream.read()
