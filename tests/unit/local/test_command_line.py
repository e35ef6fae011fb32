"""The command line `parley`: one help page, completion, and options that fit the command."""

import json
import sys
from pathlib import Path

import pytest

from local import command_line
from ops.errors import ExitCode


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["parley", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    return int(end.value.code or 0)


def test_one_help_page_lists_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The local stage's commands and the operator's, and how to install completion."""
    assert run(monkeypatch, "--help") == 0
    page = capsys.readouterr().out
    for command in (
        "up",
        "down",
        "status",
        "token",
        "reset",
        "doctor",
        "follow",
        "runs",
        "tail",
        "redrive",
        "replay",
        "shard",
        "prepare-destroy",
    ):
        assert f"│ {command} " in page
    assert "--install-completion" in page


def test_a_local_command_refuses_a_deployed_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """`parley --stage prod up` starts nothing."""
    assert run(monkeypatch, "--stage", "prod", "up") == ExitCode.USAGE
    assert "is for the local stage, not for prod" in " ".join(capsys.readouterr().err.split())


def test_the_state_directory_may_be_given_before_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """It is the same option for the local commands and the operator's."""
    assert run(monkeypatch, "--state-dir", str(tmp_path), "status") == ExitCode.FAILED
    assert str(tmp_path) in capsys.readouterr().err


def test_doctor_reports_each_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """Without a stage: the prerequisites, and that no stage is running."""
    run(monkeypatch, "--state-dir", str(tmp_path), "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["prerequisites"]["status"] in ("ok", "warning", "failed")
    assert checks["stage"]["detail"] == f"no local stage is running in {tmp_path}"
