"""The command line `parley`: its options, the stage that commands are for, and exit codes.

Each command is a module of `ops.commands` that calls the other packages of `ops` and prints the result.
"""

import re
import sys
import tempfile
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import ExitCode, OpsError
from ops.stage import sessions
from ops.stage.stage import Stage

if TYPE_CHECKING:
    import boto3

OPERATE = "Operate a stage"
STAGE_NAME = re.compile(r"[a-z0-9-]{1,20}")

app = typer.Typer(
    name="parley",
    help="Run Parley on this machine, and operate any stage of it, local or deployed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@dataclass
class Target:
    """The stage that a command is for, found on first use."""

    name: str | None
    state_dir: Path | None
    profile: str | None = None
    region: str | None = None

    @cached_property
    def stage(self) -> Stage:
        """The stage. Raises StageNotFoundError and SessionError."""
        return Stage.find(self.name, self.state_dir, profile=self.profile, region=self.region)

    @property
    def session(self) -> "boto3.Session":
        """The operator's AWS session, for a deployed stage. Raises SessionError."""
        return sessions.of_operator(self.profile, self.region)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"parley {version('parley')}")
        raise typer.Exit


@app.callback()
def target(
    context: typer.Context,
    stage: Annotated[
        str | None, typer.Option("--stage", help="A deployed stage, by name; the local stage without it.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", help="The local stage's state directory; .parley without it.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="The AWS profile of a deployed stage; AWS_PROFILE without it."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", help="The AWS region of a deployed stage; the profile's without it."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print Parley's version and exit."),
    ] = False,
) -> None:
    """Run Parley on this machine, and operate any stage of it, local or deployed."""
    if stage is not None and not STAGE_NAME.fullmatch(stage):
        raise typer.BadParameter(
            f"'{stage}' is not the name of a stage: 1 to 20 lower-case letters, digits and hyphens.",
            param_hint="--stage",
        )
    if stage is None and (profile or region):
        name = "--profile" if profile else "--region"
        raise typer.BadParameter("choose a deployed stage with --stage: a local stage has none.", param_hint=name)
    context.obj = Target(stage, state_dir, profile, region)


def stage_of(context: typer.Context) -> Stage:
    """The stage that the command is for. Raises StageNotFoundError."""
    chosen: Target = context.obj
    return chosen.stage


def add_commands() -> None:
    """Add the operators' commands. They import this module, and register when they are imported."""
    from ops.commands import (  # noqa: F401
        check,
        cost,
        dashboard,
        dead_letters,
        follow,
        health,
        logs,
        operations,
        personal_data,
        prepare_destroy,
        redrive,
        repair,
        replay,
        runs,
        shard,
        tail,
        users,
    )


def main() -> None:
    """Run a command. A failure is one sentence on stderr, and an exit code (docs/operations.md)."""
    add_commands()
    try:
        app()
    except OpsError as failure:
        sys.stderr.write(f"{failure}\n")
        sys.exit(failure.exit_code)
    except ClientError as refusal:
        error = refusal.response["Error"]
        sys.stderr.write(f"{refusal.operation_name} was refused: {error.get('Message') or error.get('Code')}\n")
        sys.exit(ExitCode.FAILED)
    except BotoCoreError as fault:
        place = "The local stage's emulator" if "http://127.0.0.1:" in str(fault) else "AWS"
        sys.stderr.write(f"{place} could not be reached: {fault}\n")
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
    except OSError as fault:
        place = f"{fault.filename}: " if fault.filename else ""
        sys.stderr.write(f"{place}{fault.strerror or fault}.\n")
        sys.exit(ExitCode.FAILED)
    except Exception as defect:
        sys.stderr.write(f"{_report(defect)}\n")
        sys.exit(ExitCode.FAILED)


def _report(defect: Exception) -> str:
    """Write the traceback of an error that no code expects to a file; the sentence that names it."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="parley-error-", suffix=".log", delete=False
    ) as log:
        traceback.print_exception(defect, file=log)
    kind = type(defect).__name__
    return f"parley failed unexpectedly ({kind}). Please report it as a bug, with the file {log.name}"
