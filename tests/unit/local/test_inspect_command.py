"""`parley inspect` before it serves: a port that is in use, and the policy."""

import json
import socket
import sys
from pathlib import Path

import pytest

from inspector import rights
from local import command_line, inspect_command, ports
from ops.errors import ExitCode
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage


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
