"""`parley doctor`: check this machine, the AWS account of a stage, and the stage.

Without `--stage`: the prerequisites on this machine, and the health of the local stage if one runs. With it: also
the account, before and after a deployment; with `--account`, what is deployed is left out. The checks of accounts
and stages are in `ops.check`.
"""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.text import Text

from local import prerequisites
from local.errors import LocalStageError
from local.state_directory import REPOSITORY
from ops.commands import output
from ops.commands.cli import AsJson, Target
from ops.errors import BadRequestError, ExitCode, OpsError
from ops.models import HealthCheck
from ops.stage import command_lines, local_state

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red")}


def doctor(
    context: typer.Context,
    send: Annotated[
        bool,
        typer.Option(
            "--send", help="Also send a message there and back as a temporary user, and look for its trace."
        ),
    ] = False,
    only_account: Annotated[
        bool, typer.Option("--account", help="Check only this machine and the account, not what is deployed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check this machine, the account of a deployed stage (before and after a deployment), and the stage."""
    if only_account and context.obj.name is None:
        raise BadRequestError("--account goes with --stage: a local stage has no AWS account.")
    if only_account and send:
        raise BadRequestError("--send goes to what is deployed, which --account leaves out: give one of them.")
    results = []
    for check in _checks(context.obj, send=send, only_account=only_account):
        results.append(check)
        if not as_json and not output.is_terminal():
            typer.echo(_line(check))
    if as_json:
        output.as_json(results)
    elif output.is_terminal():
        _show(results)
    has_failed = any(check.status == "failed" for check in results)
    raise typer.Exit(ExitCode.FAILED if has_failed else ExitCode.DONE)


def _checks(target: Target, *, send: bool, only_account: bool) -> Iterator[HealthCheck]:
    yield _prerequisites()
    if target.name is not None:
        yield from _deployed(target, target.name, send=send, only_account=only_account)
        return
    state_dir = target.state_dir or local_state.DEFAULT
    if local_state.supervisor_pid(state_dir) is None:
        start = command_lines.parley(command_lines.options_of_local_stage(state_dir), "up")
        detail = f"no local stage is running in {state_dir}"
        yield HealthCheck(name="stage", status="ok", detail=detail, fix=f"Start it with: {start}")
        return
    detail = "a local stage has none: quotas, CDK bootstrap, e-mail and trace destination are not checked"
    yield HealthCheck(name="account", status="ok", detail=detail, fix="")
    yield from _stage(target, send=send)


def _deployed(target: Target, name: str, *, send: bool, only_account: bool) -> Iterator[HealthCheck]:
    """The account; then, if the stage is deployed, the stage."""
    # Not at the top, as in `_stage`: help and `status` do without the HTTP and AWS clients.
    from ops.check import account, deployment

    found = account.Account(target.session)
    for check in account.checks(found):
        yield check
        if check.name == "identity" and check.status == "failed":
            return
    if only_account:
        return
    deploy = command_lines.deployment(name, target.profile, target.region)
    stacks, is_deployed = deployment.stacks(found, name, deploy)
    yield stacks
    if is_deployed:
        yield from _stage(target, send=send)


def _stage(target: Target, *, send: bool) -> Iterator[HealthCheck]:
    from ops.check import deployment, health, round_trip

    try:
        stage = target.stage
    except OpsError as error:
        yield HealthCheck(name="stage", status="failed", detail=str(error), fix="")
        return
    yield HealthCheck(name="stage", status="ok", detail=f"{stage.name} at {stage.site_url}", fix="")
    yield from deployment.checks(stage)
    yield from health.checks(stage)
    if send:
        yield from round_trip.checks(stage)


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


def _line(check: HealthCheck) -> str:
    """One result in a pipe, as tab-separated fields: status, check, what was found, what to do."""
    return "\t".join((check.status, check.name, check.detail, check.fix)).rstrip()


def _show(results: list[HealthCheck]) -> None:
    """A table in a terminal."""
    table = output.table("", "check", "found", "what to do")
    for check in results:
        mark, colour = MARKS[check.status]
        style = "" if check.status == "ok" else colour
        table.add_row(Text(mark, style=colour), check.name, Text(check.detail, style=style), check.fix)
    output.console().print(table)
