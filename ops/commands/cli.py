"""The command line `parley`: its options, the stage that commands are for, and exit codes.

Each command is a module of `ops.commands` that calls the other packages of `ops` and prints the result.
"""

import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands import catalogue
from ops.errors import ExitCode, OpsError

if TYPE_CHECKING:
    import boto3

    from ops.stage.stage import Stage

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
    def stage(self) -> "Stage":
        """The stage. Raises StageNotFoundError and SessionError."""
        # Not at the top: help does without it, and it takes a quarter of a second.
        from ops.stage.stage import Stage

        return Stage.find(self.name, self.state_dir, profile=self.profile, region=self.region)

    @property
    def session(self) -> "boto3.Session":
        """The operator's AWS session, for a deployed stage. Raises SessionError."""
        from ops.stage import sessions

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


def stage_of(context: typer.Context) -> "Stage":
    """The stage that the command is for. Raises StageNotFoundError."""
    chosen: Target = context.obj
    return chosen.stage


def add_commands(arguments: Sequence[str] | None = None) -> None:
    """Add the operators' commands: all, or those that a command line with these arguments needs."""
    is_completing = any(name.endswith("_COMPLETE") for name in os.environ)
    if arguments is None or is_completing:
        catalogue.load(app)
    else:
        catalogue.add_for(app, catalogue.command_word(arguments), panel=OPERATE)


def main() -> None:
    """Run a command. A failure is one sentence on stderr, and an exit code (docs/operations.md)."""
    add_commands(sys.argv[1:])
    try:
        app()
    except OpsError as failure:
        sys.stderr.write(f"{failure}\n")
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
    except Exception as failure:
        sys.stderr.write(f"{_sentence(failure)}\n")
        sys.exit(ExitCode.FAILED)


def _sentence(failure: Exception) -> str:
    """What the operator reads about an error of AWS, of the system, or of this program."""
    # Not at the top: help does without the clients of AWS.
    from botocore.exceptions import BotoCoreError, ClientError

    from ops import refusals

    if isinstance(failure, ClientError | BotoCoreError):
        return refusals.sentence(failure)
    if isinstance(failure, OSError):
        place = f"{failure.filename}: " if failure.filename else ""
        return f"{place}{failure.strerror or failure}."
    return _report(failure)


def _report(defect: Exception) -> str:
    """Write the traceback of an error that no code expects to a file; the sentence that names it."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="parley-error-", suffix=".log", delete=False
    ) as log:
        traceback.print_exception(defect, file=log)
    kind = type(defect).__name__
    return f"parley failed unexpectedly ({kind}). Please report it as a bug, with the file {log.name}"
