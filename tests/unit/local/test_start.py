"""What a start says: its steps, and its failures in one sentence each."""

import io
import socket
from pathlib import Path

import pytest

from local import prerequisites
from local.deployment import relevant_line
from local.emulator import patching
from local.errors import LocalStageError
from local.ports import free_port, listen
from local.progress import Steps
from local.state_directory import StateDirectory


def test_a_taken_port_is_named_with_the_way_out():
    """The port, what it is for, and the option that chooses another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalStageError, match=rf"Port {port} for the site is in use: .*--port N"):
            listen(port, "the site", "--port")


def test_a_free_port_can_be_opened():
    """Port 0 takes one."""
    with listen(free_port(), "the site", "--port"), listen(0, "the site", "--port") as opened:
        assert opened.getsockname()[0] == "127.0.0.1"


def test_steps_are_plain_lines_when_piped():
    """With the time that each took, and with words that may come from the step itself."""
    stream = io.StringIO()
    steps = Steps(stream)
    with steps.step("Doing", "Done") as step:
        step.done = "Done [with] brackets"
    steps.say("and a line")
    first, second = stream.getvalue().splitlines()
    assert first.startswith("Done [with] brackets (0.0 s)")
    assert second == "and a line"


def test_a_failed_step_says_nothing():
    """The failure speaks for itself."""
    stream = io.StringIO()
    with pytest.raises(LocalStageError), Steps(stream).step("Doing", "Done"):
        raise LocalStageError("no")
    assert stream.getvalue() == ""


def test_the_line_that_says_why_a_cdk_run_failed():
    """The exception of a Python app; else the last line that speaks of an error."""
    python = (
        "Traceback (most recent call last):\n"
        '  File "app.py", line 3, in <module>\n'
        "    boom()\n"
        "ValueError: a stage's name begins with a letter\n"
        "python app.py: Subprocess exited with error 1\n"
    )
    assert relevant_line(python) == "ValueError: a stage's name begins with a letter"
    deploy = (
        "deploying...\n❌  Parley-local-Data failed: ToolkitError: the table is broken\n    at deploy (x.js:1)\n"
    )
    assert relevant_line(deploy) == "❌  Parley-local-Data failed: ToolkitError: the table is broken"
    assert relevant_line("") == "it said nothing"


def test_a_directory_has_one_supervisor(tmp_path: Path):
    """A second one is refused by name, and nothing runs once the first is gone."""
    state = StateDirectory(tmp_path)
    assert state.supervisor_pid() is None
    with state.locked():
        state.write_running({"url": "http://localhost:1"})
        second = StateDirectory(tmp_path)
        with (
            pytest.raises(LocalStageError, match="is already running \\(http://localhost:1, process"),
            second.locked(),
        ):
            pass
        assert second.supervisor_pid() is not None
    assert state.supervisor_pid() is None
    assert state.running() is None


def test_the_cdk_cli_that_is_missing_is_named_with_the_command_that_installs_it(tmp_path: Path):
    """Node and Python are there when these tests run."""
    with pytest.raises(LocalStageError, match="make setup"):
        prerequisites.check(tmp_path)


def test_another_emulator_version_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    """The additions fit one version."""
    monkeypatch.setattr(patching, "MINISTACK_VERSION", "9.9.9")
    with pytest.raises(patching.UnsupportedEmulatorError, match=r"needs ministack==9\.9\.9, and 1\.5\.33 is"):
        patching.require_version()


def test_a_function_that_is_not_there_is_named():
    """An addition without a place fails the start, instead of doing nothing."""
    with pytest.raises(patching.UnsupportedEmulatorError, match=r"core\.concurrency\.no_such_function"):
        patching.original("core.concurrency", "no_such_function")
