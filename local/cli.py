"""The commands of the local stage: up, down, status, token and reset.

A failure prints one line and exits with code 1.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from local import stage
from local.emulator_process import STOP_SECONDS
from local.errors import LocalStageError
from local.ports import DEFAULT_EMULATOR_PORT, DEFAULT_SITE_PORT, MAX_PORT
from local.progress import Progress
from local.state_directory import DEFAULT_STATE_DIR, REPOSITORY, StateDirectory
from ops.commands.cli import Target

if TYPE_CHECKING:
    from local.supervisor import StartOptions

LOCAL = "Run the local stage"

cli = typer.Typer()

# The file to which a start in the background writes its failure, for the command that waits for it.
FAILURE_FILE_VARIABLE = "PARLEY_LOCAL_FAILURE_FILE"
UP = (sys.executable, "-m", "local.command_line", "up")


def _state_dir(context: typer.Context, value: Path) -> Path:
    """The command's own --state-dir, else the one given before the command."""
    target: Target | None = context.find_object(Target)
    if target is None or value != DEFAULT_STATE_DIR:
        return value
    if target.name:
        raise typer.BadParameter(
            f"'{context.info_name}' is for the local stage, not for {target.name}.", param_hint="--stage"
        )
    return target.state_dir or value


StateDir = Annotated[
    Path, typer.Option("--state-dir", callback=_state_dir, help="The directory of the stage's data and logs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the stage's description as JSON.")]


@contextmanager
def reported_errors() -> Iterator[None]:
    """Print the message of a LocalStageError and exit with code 1; exit with code 130 after Ctrl-C."""
    try:
        yield
    except LocalStageError as failure:
        failure_file = os.environ.get(FAILURE_FILE_VARIABLE)
        if failure_file:
            Path(failure_file).write_text(str(failure), encoding="utf-8")
        else:
            typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None


@cli.command(rich_help_panel=LOCAL)
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background; return when ready.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_PORT,
            help=f"The site's port (default: the saved one or {DEFAULT_SITE_PORT}; 0: free ports for both).",
        ),
    ] = None,
    emulator_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_PORT,
            help=f"The emulator's port (default: the saved one or {DEFAULT_EMULATOR_PORT}; 0: a free one).",
        ),
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the saved data first.")] = False,
    app: Annotated[
        Path | None, typer.Option(help="Deploy this synthesised cloud assembly instead of the repository's app.")
    ] = None,
    stop_with: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="Stop when the process with this id ends (for scripts)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the stage: deploy what changed, create the demo users, serve the site."""
    # Not at the top: help and `status` do without the servers, which take most of a second to import.
    from local import web_server
    from local.supervisor import StartOptions, Supervisor

    with reported_errors():
        state = StateDirectory(state_dir)
        settings = {
            name.removeprefix("PARLEY_EMULATOR_"): value
            for name, value in os.environ.items()
            if name.startswith("PARLEY_EMULATOR_")
        }
        options = StartOptions(
            port,
            emulator_port,
            fresh,
            app.resolve() if app else None,
            settings,
            stop_with,
            is_detached=FAILURE_FILE_VARIABLE in os.environ,
        )
        if detach:
            _start_detached(state, options, as_json=as_json)
            return

        def on_ready(description: dict[str, Any]) -> None:
            if as_json:
                typer.echo(json.dumps(description, indent=2))

        progress = Progress(sys.stderr if as_json else sys.stdout)
        Supervisor(state, options, progress).run(on_ready)
    web_server.end_process()


@cli.command(rich_help_panel=LOCAL)
def down(state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Stop the running stage; its data is kept."""
    with reported_errors():
        if not _stop(StateDirectory(state_dir)):
            typer.echo(f"No local stage is running in {state_dir}: nothing to stop.")


@cli.command(rich_help_panel=LOCAL)
def status(state_dir: StateDir = DEFAULT_STATE_DIR, as_json: AsJson = False) -> None:
    """Show the addresses of the running stage and its demo users."""
    with reported_errors():
        description = stage.describe(state_dir)
        if as_json:
            typer.echo(json.dumps(description, indent=2))
            return
        typer.echo(f"Parley runs at {description['url']}")
        typer.echo(f"  API        {description['apiUrl']}")
        typer.echo(f"  WebSocket  {description['websocketUrl']}")
        typer.echo(f"  emulator   {description['emulatorUrl']}{_restarts(description)}")
        for user in description["users"]:
            typer.echo(f"  {user['username']:<10} {user['password']}")


def _restarts(description: Mapping[str, Any]) -> str:
    """How often the emulator ended by itself and was started again, and when; empty if it never did."""
    restarts = description.get("restarts") or {"count": 0}
    times = "once" if restarts["count"] == 1 else f"{restarts['count']} times"
    return f" (restarted {times}, last at {restarts['lastAt']})" if restarts["count"] else ""


@cli.command(rich_help_panel=LOCAL)
def token(
    username: Annotated[str, typer.Argument(help="The name with which the user signs in.")],
    password: Annotated[str | None, typer.Option(help="The password; not needed for a demo user.")] = None,
    code: Annotated[
        str | None, typer.Option(help="The current code of the user's authenticator app, if they have one.")
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Print an ID token of a user, for the API's Authorization header."""
    # Not at the top: help and `status` do without the client of the user pool.
    from local import tokens

    with reported_errors():
        typer.echo(tokens.id_token(stage.describe(state_dir), username, password, code))


@cli.command(rich_help_panel=LOCAL)
def reset(state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Stop the stage and delete its data and logs."""
    with reported_errors():
        state = StateDirectory(state_dir)
        if not state.path.exists():
            typer.echo(f"No local stage was started in {state.path}: nothing to delete.")
            return
        _stop(state)
        state.delete_data()
        typer.echo(f"Deleted the data of the local stage in {state.path}.")


def _stop(state: StateDirectory) -> bool:
    """Stop the supervisor of a directory and wait until it has ended. Returns False if none runs."""
    process_id = state.supervisor_pid()
    if not process_id:
        return False
    os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS + 10
    while state.supervisor_pid() is not None:
        if time.monotonic() > deadline:
            os.kill(process_id, signal.SIGKILL)
            raise LocalStageError(
                f"The local stage did not stop in time and was killed (process {process_id}); what it had not "
                f"saved is lost (log: {state.supervisor_log})."
            )
        time.sleep(0.05)
    typer.echo("Stopped.")
    return True


def _start_detached(state: StateDirectory, options: "StartOptions", *, as_json: bool) -> None:
    """Run `up` in the background and print its log until it is ready. Raises LocalStageError if it fails."""
    if state.supervisor_pid() is not None:
        raise state.already_running_error()
    state.claim()
    failure_file = state.start_failure
    failure_file.unlink(missing_ok=True)
    with state.supervisor_log.open("w") as log:
        process = subprocess.Popen(
            [
                *UP,
                "--state-dir",
                str(state.path),
                *_arguments(options),
            ],
            cwd=REPOSITORY,
            env={**os.environ, FAILURE_FILE_VARIABLE: str(failure_file)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with state.supervisor_log.open() as written:
            try:
                _print_until_ready(process, state, written, quiet=as_json)
            except BaseException:
                # Stopped: the start in the background must not go on.
                process.terminate()
                process.wait()
                raise
        if process.poll() is not None:
            reason = failure_file.read_text() if failure_file.exists() else "The local stage ended while starting."
            log.write(f"{reason}\n")
            raise LocalStageError(f"{reason} (log of the start: {state.supervisor_log})")
    if as_json:
        typer.echo(json.dumps(state.running(), indent=2))


def _arguments(options: "StartOptions") -> list[str]:
    """The command-line arguments of these options; the emulator's settings are inherited environment variables."""
    values = {
        "--port": options.port,
        "--emulator-port": options.emulator_port,
        "--app": options.assembly,
        "--stop-with": options.stop_with,
    }
    arguments = [f"{name}={value}" for name, value in values.items() if value is not None]
    return [*arguments, "--fresh"] if options.fresh else arguments


def _print_until_ready(
    process: subprocess.Popen[bytes], state: StateDirectory, log: TextIO, *, quiet: bool
) -> None:
    """Print a log as it grows, until its process is ready or has ended."""
    while True:
        is_ready = (state.running() or {}).get("pids", {}).get("supervisor") == process.pid
        has_ended = process.poll() is not None
        for line in log.read().splitlines():
            if not quiet:
                typer.echo(line)
        if is_ready or has_ended:
            return
        time.sleep(0.1)
