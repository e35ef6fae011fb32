"""The command line `parley`: one help page, completion, and options that fit the command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from local import command_line
from local.cli import cli as local_cli
from ops.check import account, deployment
from ops.commands import catalogue, cli
from ops.errors import ExitCode
from ops.models import HealthCheck
from tests.local_stage import ROOT


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


def test_doctor_can_check_the_account_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Before a deployment, which may be what repairs the stage."""
    of_account = HealthCheck(name="identity", status="ok", detail="found", fix="")
    rolled_back = HealthCheck(name="stacks", status="failed", detail="rolled back", fix="Deploy it again.")
    monkeypatch.setattr("local.doctor._prerequisites", lambda: of_account)
    monkeypatch.setattr(account, "checks", lambda _: [of_account])
    monkeypatch.setattr(deployment, "stacks", lambda *_: (rolled_back, False))
    assert run(monkeypatch, "--stage", "dev", "doctor") == ExitCode.FAILED
    assert "rolled back" in capsys.readouterr().out
    assert run(monkeypatch, "--stage", "dev", "doctor", "--account") == ExitCode.DONE
    assert "rolled back" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("doctor", "--account"), "--account goes with --stage"),
        (("--stage", "dev", "doctor", "--account", "--send"), "give one of them"),
    ],
)
def test_doctor_refuses_what_an_account_alone_does_not_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
):
    """A local stage has no account, and nothing is sent without a stage."""
    assert run(monkeypatch, *arguments) == ExitCode.USAGE
    assert sentence in " ".join(capsys.readouterr().err.split())


HEAVY = (
    "boto3", "botocore", "cryptography", "functions.contract.model", "local.supervisor", "ops.models",
    "ops.stage.stage", "uvicorn",
)  # fmt: skip
"""Modules that take long to import, or bring such a module. Typer itself imports pydantic to run a command."""


@pytest.mark.slow
@pytest.mark.parametrize(("command", "unused"), [("--help", (*HEAVY, "pydantic")), ("status", HEAVY)])
def test_help_and_status_import_no_module_of_a_command(command: str, unused: tuple[str, ...], tmp_path: Path):
    """They answer at once: no client of AWS, no model and no server is imported."""
    program = (
        "import sys\n"
        f"sys.argv = ['parley', '--state-dir', {str(tmp_path)!r}, {command!r}]\n"
        "from local import command_line\n"
        "try:\n    command_line.main()\n"
        "except SystemExit:\n    pass\n"
        f"sys.exit(','.join(name for name in {unused!r} if name in sys.modules) or 0)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, "imported: " + ran.stderr) == (0, "imported: " + ran.stderr)
    assert ran.stdout or ran.stderr


def test_the_list_of_commands_has_each_command_with_its_help():
    """The list imports no module, so it repeats the first line of each."""
    command_line.add_local_commands()
    cli.add_commands()
    group = typer.main.get_command(cli.app)
    commands: dict[str, Any] = dict(getattr(group, "commands"))  # noqa: B009
    helps = {name: " ".join(str(command.help).split("\n\n")[0].split()) for name, command in commands.items()}
    listed = {name: entry.help for name, entry in catalogue.COMMANDS.items()}
    assert {name: helps[name] for name in listed} == listed
    assert helps["doctor"] == command_line.DOCTOR
    of_the_local_stage = {
        command.callback.__name__ for command in local_cli.registered_commands if command.callback
    }
    assert set(helps) == set(listed) | of_the_local_stage | {"doctor"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--help"], None),
        (["check", "--help"], "check"),
        (["--stage", "check", "runs"], "runs"),
        (["--stage=dev", "--region", "eu-west-1", "users", "list"], "users"),
        (["--state-dir", "status"], None),
        ([], None),
    ],
    ids=str,
)
def test_the_command_of_a_command_line(arguments: list[str], word: str | None):
    """Options before the command may have values."""
    assert catalogue.command_word(arguments) == word


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, ""), (1, " (restarted once, last at 2026)"), (3, " (restarted 3 times, last at 2026)")],
)
def test_status_says_that_the_emulator_was_restarted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, count: int, shown: str
):
    """An operator learns of a crash that the supervisor has repaired."""
    addresses = {name: name for name in ("url", "apiUrl", "websocketUrl", "emulatorUrl")}
    restarts = {"count": count, "lastAt": "2026" if count else None}
    description = {**addresses, "users": [], "restarts": restarts}
    monkeypatch.setattr("local.stage.describe", lambda _: description)
    assert run(monkeypatch, "--state-dir", str(tmp_path), "status") == 0
    assert f"emulatorUrl{shown}\n" in capsys.readouterr().out
