"""The commands of the local stage: up, down, status, token and reset. A failure is one sentence, exit code 1."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from local.emulator_process import STOP_SECONDS
from local.errors import LocalStageError
from local.progress import Steps
from local.stage import LocalStage
from local.state_directory import DEFAULT, REPOSITORY, StateDirectory, already_running
from local.supervisor import DEFAULT_EMULATOR_PORT, DEFAULT_PORT, Options, Supervisor
from ops.commands.cli import Target

LOCAL = "Run the local stage"

cli = typer.Typer()

# Where a start in the background leaves its failure for the one who waits for it.
FAILURE_FILE = "PARLEY_LOCAL_FAILURE_FILE"


def _state_dir(context: typer.Context, value: Path) -> Path:
    """The command's own --state-dir, else the one given before the command."""
    target: Target | None = context.find_object(Target)
    if target is None or value != DEFAULT:
        return value
    if target.name:
        raise typer.BadParameter(
            f"'{context.info_name}' is for the local stage, not for {target.name}.", param_hint="--stage"
        )
    return target.state_dir or value


StateDir = Annotated[
    Path, typer.Option("--state-dir", callback=_state_dir, help="Where the stage keeps its data and logs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the description as JSON.")]


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn a failure that the user can fix into its sentence and exit code 1."""
    try:
        yield
    except LocalStageError as failure:
        told = os.environ.get(FAILURE_FILE)
        if told:
            Path(told).write_text(str(failure))
        else:
            typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None


@cli.command(rich_help_panel=LOCAL)
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return when ready; run in the background.")] = False,
    port: Annotated[
        int | None,
        typer.Option(help=f"The site's port ({DEFAULT_PORT}, or the saved one; 0: free ones for both)."),
    ] = None,
    emulator_port: Annotated[
        int | None, typer.Option(help=f"The emulator's port ({DEFAULT_EMULATOR_PORT}, or the saved one; 0: free).")
    ] = None,
    state_dir: StateDir = DEFAULT,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the saved data first.")] = False,
    app: Annotated[
        Path | None, typer.Option(help="Deploy this synthesised cloud assembly instead of the repository's app.")
    ] = None,
    stop_with: Annotated[
        int | None,
        typer.Option(min=1, max=2**31 - 1, help="Stop once the process of this id is gone, for scripts."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the stage: deploy what changed, create the demo users, open the site."""
    with one_sentence():
        state = StateDirectory(state_dir)
        if detach:
            _start_detached(state, port, emulator_port, fresh, app, stop_with, as_json=as_json)
            return
        settings = {
            name.removeprefix("PARLEY_EMULATOR_"): value
            for name, value in os.environ.items()
            if name.startswith("PARLEY_EMULATOR_")
        }
        options = Options(port, emulator_port, fresh, app.resolve() if app else None, settings, stop_with)
        steps = Steps(sys.stderr if as_json else sys.stdout)

        def when_ready(description: dict[str, Any]) -> None:
            if as_json:
                typer.echo(json.dumps(description, indent=2))

        Supervisor(state, options, steps).run(when_ready)


@cli.command(rich_help_panel=LOCAL)
def down(state_dir: StateDir = DEFAULT) -> None:
    """Stop the stage, wherever it runs; its data stays."""
    with one_sentence():
        if not _stop(StateDirectory(state_dir)):
            typer.echo(f"No local stage runs in {state_dir}, so there is nothing to stop.")


@cli.command(rich_help_panel=LOCAL)
def status(state_dir: StateDir = DEFAULT, as_json: AsJson = False) -> None:
    """Say what runs, and where."""
    with one_sentence():
        stage = LocalStage.load(state_dir)
        if as_json:
            typer.echo(json.dumps(stage.description, indent=2))
            return
        typer.echo(f"Parley runs at {stage.url}")
        typer.echo(f"  API        {stage.api_url}")
        typer.echo(f"  WebSocket  {stage.websocket_url}")
        typer.echo(f"  emulator   {stage.emulator_url}")
        for user in stage.description["users"]:
            typer.echo(f"  {user['username']:<10} {user['password']}")


@cli.command(rich_help_panel=LOCAL)
def token(
    username: str,
    password: Annotated[str | None, typer.Option(help="For a user who is no demo user.")] = None,
    state_dir: StateDir = DEFAULT,
) -> None:
    """Print an ID token of a user, for the API's Authorization header."""
    with one_sentence():
        typer.echo(LocalStage.load(state_dir).token(username, password))


@cli.command(rich_help_panel=LOCAL)
def reset(state_dir: StateDir = DEFAULT) -> None:
    """Stop the stage and forget its data."""
    with one_sentence():
        state = StateDirectory(state_dir)
        _stop(state)
        state.forget()
        typer.echo(f"The local stage in {state.path} is forgotten.")


def _stop(state: StateDirectory) -> bool:
    """Stop the supervisor of a directory and wait for it; False when there is none."""
    supervisor = state.supervisor_pid()
    if not supervisor:
        return False
    os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS + 10
    while state.supervisor_pid() is not None:
        if time.monotonic() > deadline:
            os.kill(supervisor, signal.SIGKILL)
            raise LocalStageError(f"The local stage did not stop in time and was killed (process {supervisor}).")
        time.sleep(0.05)
    typer.echo("Stopped.")
    return True


def _start_detached(
    state: StateDirectory,
    port: int | None,
    emulator_port: int | None,
    fresh: bool,
    app: Path | None,
    stop_with: int | None,
    *,
    as_json: bool,
) -> None:
    """Run `up` in the background, follow its log, and return when it is ready."""
    running = state.supervisor_pid()
    if running is not None:
        url = (state.running() or {}).get("url", "starting")
        raise LocalStageError(already_running(state.path, url, running))
    arguments = ["--state-dir", str(state.path)]
    arguments += ["--port", str(port)] if port is not None else []
    arguments += ["--emulator-port", str(emulator_port)] if emulator_port is not None else []
    arguments += ["--app", str(app.resolve())] if app is not None else []
    arguments += ["--fresh"] if fresh else []
    arguments += ["--stop-with", str(stop_with)] if stop_with is not None else []
    state.path.mkdir(parents=True, exist_ok=True)
    failure = state.path / "failure.txt"
    failure.unlink(missing_ok=True)
    with state.supervisor_log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.command_line", "up", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, FAILURE_FILE: str(failure)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with state.supervisor_log.open() as followed:
            _follow(process, state, followed, quiet=as_json)
        if process.poll() is not None:
            reason = failure.read_text() if failure.exists() else "The local stage ended while starting."
            log.write(f"{reason}\n")
            raise LocalStageError(f"{reason} (log of the start: {state.supervisor_log})")
    if as_json:
        typer.echo(json.dumps(state.running(), indent=2))


def _follow(process: subprocess.Popen[bytes], state: StateDirectory, log: Any, *, quiet: bool) -> None:
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
