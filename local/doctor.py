"""`parley doctor`: is everything there that Parley needs on this machine, and is the stage healthy?"""

from collections.abc import Iterator

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from local import prerequisites
from local.errors import LocalStageError
from local.state_directory import REPOSITORY
from ops.check import health
from ops.commands import output
from ops.commands.cli import AsJson, Target
from ops.errors import ExitCode, OpsError
from ops.models import HealthCheck
from ops.stage import local_state

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the prerequisites on this machine and the health of the stage."""
    target: Target = context.obj
    results: list[HealthCheck] = []
    for check in _checks(target):
        results.append(check)
        if not as_json:
            _print(check)
    if as_json:
        output.as_json(results)
    has_failed = any(check.status == "failed" for check in results)
    raise typer.Exit(ExitCode.FAILED if has_failed else ExitCode.DONE)


def _checks(target: Target) -> Iterator[HealthCheck]:
    yield _prerequisites()
    if target.name is None:
        state_dir = target.state_dir or local_state.DEFAULT
        if local_state.supervisor_pid(state_dir) is None:
            yield HealthCheck(
                name="stage", status="ok", detail="no local stage is running", fix="Start it: parley up"
            )
            return
    try:
        stage = target.stage
    except OpsError as error:
        yield HealthCheck(name="stage", status="failed", detail=str(error), fix="")
        return
    yield HealthCheck(name="stage", status="ok", detail=f"{stage.name} at {stage.site_url}", fix="")
    try:
        yield from health.checks(stage)
    except (ClientError, BotoCoreError, OpsError) as error:
        fix = "Check your credentials and their rights."
        yield HealthCheck(name="stage", status="failed", detail=str(error), fix=fix)


def _prerequisites() -> HealthCheck:
    try:
        versions = prerequisites.check(REPOSITORY)
    except LocalStageError as error:
        return HealthCheck(name="prerequisites", status="failed", detail=str(error), fix="Then run: make setup")
    node = int(versions.rpartition("Node ")[2].partition(".")[0])
    if node < prerequisites.RECOMMENDED_NODE:
        return HealthCheck(
            name="prerequisites",
            status="warning",
            detail=versions,
            fix=f"Node {node} is no longer maintained: install {prerequisites.RECOMMENDED_NODE} or newer.",
        )
    return HealthCheck(name="prerequisites", status="ok", detail=versions, fix="")


def _print(check: HealthCheck) -> None:
    mark, colour = MARKS[check.status]
    line = Text(f"{mark} ", style=colour)
    line.append(f"{check.name}: {check.detail}", style="" if check.status == "ok" else colour)
    output.console().print(line)
    if check.fix:
        output.console().print(Text(f"  {check.fix}", style="dim"))
