"""The command line `parley`: its options, the stage that commands are for, and exit codes.

Each command is a module of `ops.commands` that calls the other packages of `ops` and prints the result.
"""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import ExitCode, OpsError
from ops.stage.stage import Stage

OPERATE = "Operate a stage"

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

    @cached_property
    def stage(self) -> Stage:
        """The stage. Raises StageNotFoundError."""
        return Stage.find(self.name, self.state_dir)


@app.callback()
def target(
    context: typer.Context,
    stage: Annotated[
        str | None, typer.Option("--stage", help="A deployed stage, by name; the local stage without it.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", help="The local stage's state directory; .parley without it.")
    ] = None,
) -> None:
    """Run Parley on this machine, and operate any stage of it, local or deployed."""
    context.obj = Target(stage, state_dir)


def stage_of(context: typer.Context) -> Stage:
    """The stage that the command is for. Raises StageNotFoundError."""
    chosen: Target = context.obj
    return chosen.stage


def main() -> None:
    """Run a command. A failure is one sentence on stderr, and an exit code (docs/operations.md)."""
    # The commands import this module, and register when they are imported.
    from ops.commands import check, follow, redrive, replay, runs, tail, users  # noqa: F401

    try:
        app()
    except OpsError as failure:
        sys.stderr.write(f"{failure}\n")
        sys.exit(failure.exit_code)
    except ClientError as refusal:
        error = refusal.response["Error"]
        sys.stderr.write(f"AWS refused {refusal.operation_name}: {error.get('Message') or error.get('Code')}\n")
        sys.exit(ExitCode.FAILED)
    except BotoCoreError as fault:
        sys.stderr.write(f"AWS could not be reached: {fault}\n")
        sys.exit(ExitCode.FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(ExitCode.DONE)
