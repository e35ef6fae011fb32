"""Printed commands can be run as printed, and act on the stage that the message is about."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from local.command_line import add_local_commands
from local.state_directory import StateDirectory
from ops.check import health
from ops.commands.cli import Target, add_commands, app
from ops.commands.replay import _repair_command
from ops.events.bus_event import EventFilter
from ops.runs import dead_letters
from ops.stage import command_lines, local_state
from ops.stage.stage import Stage, StageNotFoundError
from tests.unit.ops.stages import deployed_stage

ROOT = Path(__file__).resolve().parents[4]
COMMANDS = (
    "up|down|status|token|reset|doctor|health|runs|follow|logs|tail|redrive|dead-letters|replay|check|operations|"
    "prepare-destroy|users"
)
COMMAND = re.compile(rf"parley (?:--|(?:{COMMANDS})\b)")
NOT_PRINTED_TO_BE_RUN = {
    "ops/check/round_trip.py": "A message of `parley doctor --send`.",
    "ops/check/account.py": "parley follow shows the other messages",
    "ops/events/tail.py": "What `parley tail` shows of Parley",
    "ops/commands/prepare_destroy.py": "Name the deployed stage: parley --stage NAME prepare-destroy",
}


def target_of(command: str) -> Target:
    """The stage that a printed command is for. Fails if `parley` has no such command or option."""
    add_local_commands()
    add_commands()
    program, *words = shlex.split(command)
    assert program == "parley"
    group = typer.main.get_command(app)
    context = group.make_context("parley", words)
    name, chosen, rest = group.resolve_command(context, [*context._protected_args, *context.args])  # type: ignore[attr-defined]
    chosen.make_context(name, rest, parent=context)
    context.invoke(group.callback, **context.params)  # type: ignore[arg-type]
    target = context.obj
    assert isinstance(target, Target)
    return target


def local_stage(state_dir: Path) -> Stage:
    """A local stage, as its description has it."""
    addresses = dict.fromkeys(("url", "apiUrl", "websocketUrl", "emulatorUrl"), "http://127.0.0.1:1")
    description = {"stage": "local", "outputs": {}, "region": "us-east-1", "stateDirectory": str(state_dir)}
    return Stage.from_status({**addresses, **description})


def test_a_command_for_a_local_stage_names_its_directory(tmp_path: Path):
    """Also one with a space; that of this repository needs no option."""
    state_dir = tmp_path / "my stage"
    command = local_stage(state_dir).command("redrive", "--queue", "delivery", "--dry-run")
    assert target_of(command) == Target(None, state_dir)
    assert local_stage(local_state.DEFAULT).command("runs") == "parley runs"


def test_a_command_for_a_deployed_stage_has_its_profile_and_region():
    """As they were given."""
    options = command_lines.options_of_deployed_stage("dev", "operations", "eu-west-1")
    assert target_of(command_lines.parley(options, "doctor")) == Target("dev", None, "operations", "eu-west-1")
    assert command_lines.deployment("dev") == "make deploy STAGE=dev"
    assert (
        command_lines.deployment("dev", "operations", "eu-west-1")
        == "AWS_PROFILE=operations AWS_REGION=eu-west-1 make deploy STAGE=dev"
    )


def test_a_repair_has_the_absolute_times_and_the_filter_of_the_comparison(tmp_path: Path):
    """A time such as `15m` would be another one when the command is run."""
    wanted = EventFilter(types={"MessageSent"}, channel_id="c-1", since_ms=1_764_000_000_000)
    command = _repair_command(local_stage(tmp_path), wanted, None, 1_764_000_060_000)
    assert target_of(command).state_dir == tmp_path
    assert "--since 2025-11-24T16:00:00.000Z --until 2025-11-24T16:01:00.000Z" in command
    assert "--channel c-1 --type MessageSent" in command


def test_messages_about_a_stage_that_does_not_run_name_its_start(tmp_path: Path):
    """The operator's commands and the local ones."""
    start = f"parley --state-dir {tmp_path} up"
    with pytest.raises(StageNotFoundError) as missing:
        Stage.local(tmp_path)
    assert str(missing.value).endswith(start)
    assert StateDirectory(tmp_path).command("up") == start


def test_the_health_of_dead_letters_names_the_command_for_this_stage(monkeypatch: pytest.MonkeyPatch):
    """It also says how many are held by a redrive."""
    monkeypatch.setattr(dead_letters, "count", lambda *_: dead_letters.Count(2, 1))
    found = health._dead_letters(deployed_stage(), "delivery")
    assert (found.detail, found.fix.partition(": ")[2]) == (
        "3 waiting, 1 of them held by a redrive",
        "parley redrive --queue delivery --dry-run",
    )


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module that are not docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.slow
def test_no_message_has_a_command_without_its_stage():
    """A command in a message is made by `Stage.command`, or by `command_lines`."""
    for path in sorted(
        [*(ROOT / "ops").rglob("*.py"), *(ROOT / "local").glob("*.py"), *(ROOT / "inspector").rglob("*.py")]
    ):
        name = path.relative_to(ROOT).as_posix()
        for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
            allowed = NOT_PRINTED_TO_BE_RUN.get(name, "\0")
            assert not COMMAND.search(text.replace(allowed, "")), f"{name}: {text!r}"
