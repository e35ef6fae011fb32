"""Every command with every invalid option, name and environment: a sentence and the documented exit code.

The commands and their options are read from the command line itself, so that a new one is tested too. No test here
starts a stage or a process.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from typer.core import TyperGroup, TyperOption

from local import command_line
from ops.commands import cli
from ops.errors import ExitCode
from ops.events import archive
from ops.runs import dead_letters
from ops.runs.dead_letters import Count
from ops.runs.run_log import RunLog
from ops.stage import lookup, operations, publishing, sessions
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage

ROOT = Path(__file__).resolve().parents[3]
ARGUMENTS = {
    "users export": ("alice",),
    "users erase": ("alice",),
    "follow": ("m-1",),
    "shard": ("c-1",),
    "repair": ("messages", "c-1", "1"),
    "token": ("ada",),
    "users add": ("ada",),
    "users disable": ("ada",),
    "users enable": ("ada",),
    "users delete": ("ada",),
    "users password": ("ada",),
    "users sign-out": ("ada",),
    "users connections": ("ada",),
    "users kick": ("ada",),
    "dead-letters show": ("letter-1",),
    "dead-letters discard": ("letter-1",),
    "dead-letters restore": ("/nowhere/kept.jsonl",),
}
"""The arguments that a command needs."""
REQUIRED = {
    "replay": ("--since", "1h"),
    "users add": ("--password", "Parley-tests-1"),
    "users password": ("--password", "Parley-tests-1"),
}
"""The options without which a command does nothing."""
LOCAL = ("up", "down", "status", "token", "reset")
"""The commands that are for a local stage only."""
INVALID = {
    "--since": ("25:99", "yesterday", ""),
    "--until": ("25:99", ""),
    "--type": ("Nope", ""),
    "--queue": ("nope", ""),
    "--redact": ("nope",),
    "--from-file": ("/dev/null", "/nowhere/incident.jsonl"),
}
"""Values that the command itself checks. Those of numbers follow from their ranges."""
WITHOUT_INVALID_VALUES = {
    "--channel", "--user", "--name", "--password", "--code", "--app", "--state-dir", "--export", "--output",
    "--keep-in", "--connection", "--help",
}  # fmt: skip
"""Names are looked up on the stage, any text is a password or a code, files are opened when they are used."""


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its words."""
    if isinstance(command, TyperGroup):
        for name, below in sorted(command.commands.items()):
            yield from leaves(below, (*words, name))
    else:
        yield " ".join(words), command


def parley() -> Any:
    """The whole command line."""
    command_line.add_local_commands()
    cli.add_commands()
    return typer.main.get_command(cli.app)


built_once = cache(typer.main.get_command)
"""The command line of an application. Typer builds it again at each start."""

COMMANDS = dict(leaves(parley()))


def options_of(command: Any) -> list[TyperOption]:
    """The options of a command."""
    return [parameter for parameter in command.params if isinstance(parameter, TyperOption)]


def invalid_values(option: TyperOption) -> tuple[str, ...]:
    """Values that an option must refuse."""
    name = option.opts[0]
    if name in INVALID:
        return INVALID[name]
    if option.is_flag:
        return ()
    if option.type_descriptor.annotation in (int, float):
        below = () if option.min is None else (str(option.min - 1),)
        above = () if option.max is None else (str(option.max + 1),)
        return ("many", *below, *above)
    assert name in WITHOUT_INVALID_VALUES, f"name invalid values of {name}, or why it has none"
    return ()


def words_of(name: str, *options: str) -> list[str]:
    """A valid command line of a command, with further options."""
    required: Sequence[str] = () if set(options) & {"--since", "--from-file"} else REQUIRED.get(name, ())
    return [*name.split(), *ARGUMENTS.get(name, ()), *required, *options]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run `parley` in this process on an empty state directory. Returns the exit code and what was printed.

    Fails if anything looks like a traceback, or was reported as a defect.
    """
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(typer.main, "get_command", built_once)
    state_dir = tmp_path / "stage"

    def run(*words: str, state_dir: Path | None = state_dir) -> tuple[int, str]:
        where = ["--state-dir", str(state_dir)] if state_dir else []
        monkeypatch.setattr(sys, "argv", ["parley", *where, *words])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        captured = capsys.readouterr()
        printed = captured.out + captured.err
        assert "Traceback" not in printed
        assert "failed unexpectedly" not in printed, printed
        return int(end.value.code or 0), printed

    return run


def sentence_in(printed: str) -> str:
    """What was printed on one line, without the frames that usage errors have. Fails if there is none."""
    text = " ".join(re.sub(r"[╭╮╰╯│─?]", " ", printed).split())
    assert re.search(r"\w+ \w+", text), "nothing was printed"
    return text


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_refused(run: Any, name: str):
    """With exit code 2, before anything is done."""
    code, printed = run(*words_of(name, "--no-such-option"))
    assert (code, "No such option: --no-such-option" in sentence_in(printed)) == (ExitCode.USAGE, True)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name in ARGUMENTS])
def test_a_missing_argument_is_named(run: Any, name: str):
    """With exit code 2."""
    code, printed = run(*name.split())
    assert (code, "Missing argument" in sentence_in(printed)) == (ExitCode.USAGE, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_superfluous_argument_is_refused(run: Any, name: str):
    """With exit code 2."""
    optional = ["0193a0b2"] if name == "logs" else []
    code, printed = run(*words_of(name), *optional, "superfluous")
    assert (code, "superfluous" in sentence_in(printed)) == (ExitCode.USAGE, True)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        (name, option.opts[0], value)
        for name, command in COMMANDS.items()
        for option in options_of(command)
        for value in invalid_values(option)
    ],
)
def test_an_invalid_value_is_refused_before_the_stage_is_looked_for(run: Any, name: str, option: str, value: str):
    """With exit code 2, and the option or the value: no stage is running here, which would be exit code 1."""
    code, printed = run(*words_of(name, option, value))
    assert code == ExitCode.USAGE, printed
    assert option in sentence_in(printed) or repr(value) in printed or value in printed


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_the_stage_that_exclude_each_other(run: Any, name: str):
    """A region without a stage, an impossible name of a stage, and a local command for a deployed stage."""
    words = words_of(name)
    for wrong in (("--region", "eu-west-1"), ("--profile", "p"), ("--stage", ""), ("--stage", "a b/c")):
        assert run(*wrong, *words)[0] == ExitCode.USAGE
    if name in LOCAL:
        code, printed = run("--stage", "dev", *words)
        assert (code, "is for the local stage, not for dev" in sentence_in(printed)) == (ExitCode.USAGE, True)


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"up", "doctor", "prepare-destroy"}))
@pytest.mark.parametrize("directory", ["missing", "a file", "of other files", "below a file", "damaged"])
def test_a_directory_without_a_stage_is_one_sentence(
    run: Any, monkeypatch: pytest.MonkeyPatch, name: str, directory: str, tmp_path: Path
):
    """It names the directory, whatever the environment is. `down` and `reset` may have nothing to do."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    state_dir = tmp_path / "directory"
    if directory in ("a file", "below a file"):
        state_dir.write_text("")
        state_dir = state_dir if directory == "a file" else state_dir / "stage"
    elif directory != "missing":
        state_dir.mkdir()
        (state_dir / ("running.json" if directory == "damaged" else "thesis.txt")).write_text("{")
    code, printed = run(*words_of(name), state_dir=state_dir)
    allowed = (ExitCode.DONE, ExitCode.FAILED) if name in ("down", "reset") else (ExitCode.FAILED,)
    assert code in allowed
    assert len(printed.strip().splitlines()) == 1, printed
    assert str(state_dir) in printed
    assert directory != "of other files" or (state_dir / "thesis.txt").exists()


@pytest.mark.parametrize("directory", ["a file", "below a file", "of other files"])
@pytest.mark.parametrize("more", [(), ("--fresh",), ("--detach",)], ids=["up", "fresh", "detach"])
def test_a_start_in_an_unusable_directory_is_one_sentence(run: Any, directory: str, more: Any, tmp_path: Path):
    """Exit code 1; nothing is deleted."""
    state_dir = tmp_path / "directory"
    if directory == "of other files":
        state_dir.mkdir()
        (state_dir / "thesis.txt").write_text("mine")
    else:
        state_dir.write_text("")
    place = state_dir / "stage" if directory == "below a file" else state_dir
    code, printed = run("up", "--port", "0", *more, state_dir=place)
    assert (code, len(printed.strip().splitlines())) == (ExitCode.FAILED, 1), printed
    assert str(place) in printed
    assert directory != "of other files" or (state_dir / "thesis.txt").exists()


REFUSAL = ClientError(
    {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}, "DescribeStacks"
)
FAULTS = {
    "no credentials": (NoCredentialsError(), "Unable to locate credentials"),
    "no region": (NoRegionError(), "You must specify a region"),
    "no network": (EndpointConnectionError(endpoint_url="https://aws"), "Could not connect"),
    "expired": (REFUSAL, "The security token is expired"),
}
OPERATING = [name for name in COMMANDS if name not in LOCAL]


class Refusing:
    """A session whose every call fails."""

    region_name = "us-east-1"
    profile_name = "default"

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def client(self, *_: Any, **__: Any) -> Any:
        raise self._fault

    resource = client


@pytest.mark.parametrize("name", OPERATING)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_deployed_stage_that_cannot_be_reached_is_a_sentence(
    run: Any, monkeypatch: pytest.MonkeyPatch, name: str, fault: str
):
    """Exit code 1, and what AWS or its client said; `doctor` lists it among its checks."""
    error, reason = FAULTS[fault]
    monkeypatch.setattr(sessions, "of_operator", lambda *_: Refusing(error))
    code, printed = run("--stage", "dev", *words_of(name), state_dir=None)
    assert code == ExitCode.FAILED, printed
    assert reason in sentence_in(printed)


@pytest.mark.parametrize("name", OPERATING)
@pytest.mark.parametrize("settings", ["no such profile", "damaged", "not a number"])
def test_aws_settings_that_cannot_be_used_are_a_sentence(
    run: Any, monkeypatch: pytest.MonkeyPatch, name: str, settings: str, tmp_path: Path
):
    """Exit code 1, with how to choose others."""
    config = tmp_path / "config"
    config.write_text("[profile" if settings == "damaged" else "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    if settings == "not a number":
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "long")
    else:
        monkeypatch.setenv("AWS_PROFILE", "nowhere")
    code, printed = run("--stage", "dev", *words_of(name), state_dir=None)
    assert (code, "Your AWS settings cannot be used" in sentence_in(printed)) == (ExitCode.FAILED, True)


@pytest.mark.parametrize("name", OPERATING)
def test_a_stage_that_is_not_deployed_is_a_sentence(run: Any, monkeypatch: pytest.MonkeyPatch, name: str):
    """It names the command that deploys it, with the profile and the region."""
    missing = ClientError({"Error": {"Code": "ValidationError", "Message": "does not exist"}}, "DescribeStacks")
    monkeypatch.setattr(sessions, "of_operator", lambda *_: Refusing(missing))
    code, printed = run("--stage", "dev", "--profile", "p", *words_of(name), state_dir=None)
    if name == "prepare-destroy":
        assert code == ExitCode.DONE
    else:
        assert code == ExitCode.FAILED
        assert name == "doctor" or "AWS_PROFILE=p make deploy STAGE=dev" in sentence_in(printed)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option.opts[0])
        for name, command in COMMANDS.items()
        for option in options_of(command)
        if option.opts[0] in ("--channel", "--user")
    ],
)
def test_a_name_that_does_not_exist_is_an_error(run: Any, monkeypatch: pytest.MonkeyPatch, name: str, option: str):
    """Exit code 3 and the name: an empty answer would read as "all is well"."""
    monkeypatch.setattr(Stage, "find", lambda *_, **__: deployed_stage())
    for finder in ("channel_id", "user_id"):
        monkeypatch.setattr(lookup, finder, lambda *_: None)
    monkeypatch.setattr(RunLog, "omission", None)
    for reader in ("troubled", "newest"):
        monkeypatch.setattr(RunLog, reader, lambda *_, **__: [])
    monkeypatch.setattr(archive, "read", lambda *_, **__: [])
    monkeypatch.setattr(archive, "start_ms", lambda _: 0)
    monkeypatch.setattr("ops.replay.replay.tables.message_ids", lambda *_: [])
    monkeypatch.setattr(dead_letters, "count", lambda *_: Count(0, 0))
    monkeypatch.setattr(dead_letters, "pages", lambda *_, **__: [])
    monkeypatch.setattr(dead_letters, "hide", lambda *_, **__: None)
    monkeypatch.setattr(operations, "operator", lambda _: "arn:aws:iam::111122223333:user/tests")
    monkeypatch.setattr(publishing, "publish", lambda *_, **__: None)
    code, printed = run(*words_of(name, option, "nope"))
    kind = option.removeprefix("--")
    assert (code, f"There is no {kind} 'nope'." in sentence_in(printed)) == (ExitCode.NOT_FOUND, True)


def test_the_page_names_the_commands_without_json():
    """docs/operations.md: a script must know which commands it cannot read."""
    page = " ".join((ROOT / "docs" / "operations.md").read_text(encoding="utf-8").split())
    [sentence] = re.findall(r"The commands below take `--json`.*?;", page)
    local = {"up", "down", "status", "token", "reset"}
    without = {
        name
        for name, command in COMMANDS.items()
        if name not in local and not any("--json" in option.opts for option in options_of(command))
    }
    assert set(re.findall(r"`([a-z-]+)`", sentence.partition("except")[2])) == without


def test_the_page_lists_every_exit_code():
    """docs/operations.md, with those of stopped commands."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page[page.index("## Exit codes") : page.index("## The account")]
    listed = {
        int(number) for row in re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE) for number in row.split(", ")
    }
    assert listed == {*map(int, ExitCode), 129, 130, 143}
