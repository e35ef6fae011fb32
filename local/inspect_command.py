"""`parley inspect`: the inspector of any stage, served on loopback with the operator's own AWS credentials."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from inspector import rights
from inspector.api import Inspector
from inspector.sign_in import OperatorKey
from inspector.site import KEY_PARAMETER, InspectorSite
from local import ports, prerequisites, web_server
from local.cli import reported_errors
from local.ports import MAX_PORT
from local.state_directory import REPOSITORY
from ops.commands import output
from ops.commands.cli import OPERATE, app, stage_of

DEFAULT_PORT = 4290


@app.command(rich_help_panel=OPERATE)
def inspect(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="The port on 127.0.0.1; 0: a free one.")
    ] = DEFAULT_PORT,
    print_policy: Annotated[
        bool, typer.Option("--print-policy", help="Print the IAM policy that an operator needs, and exit.")
    ] = False,
) -> None:
    """Serve the inspector of a stage on this machine, with your AWS credentials, until Ctrl-C."""
    stage = stage_of(context)
    if print_policy:
        typer.echo(json.dumps(rights.policy(stage), indent=2))
        return
    key, inspector = OperatorKey(), Inspector()
    with reported_errors(), ports.listen(port, "the inspector", "--port") as listener:
        origin = f"http://{ports.LOOPBACK}:{listener.getsockname()[1]}"
        site = InspectorSite(inspector, stage, ui=_built_ui(), origin=origin)
        inspector.open(stage, key)
        place = f"the stage {stage.name} in {stage.region}" if not stage.is_local else "the local stage"
        output.console().print(f"The inspector of {place}. Its address contains a key, so do not share it:")
        typer.echo(f"{origin}/inspector#{KEY_PARAMETER}={key.value}")
        output.console().print("Ctrl-C ends it.")
        try:
            asyncio.run(
                web_server.serve_until_stopped(site.application, listener, end_streams=inspector.end_streams)
            )
        finally:
            inspector.close()
    web_server.end_process()


def _built_ui() -> Path:
    """The folder of the built UI; it is built first if it is stale. Raises LocalStageError."""
    if prerequisites.ui_is_stale(REPOSITORY):
        output.console().print("Building the UI.")
        # The log of a build that fails is kept: the message names it.
        with tempfile.NamedTemporaryFile(prefix="parley-ui-", suffix=".log", delete=False) as file:
            log = Path(file.name)
        prerequisites.build_ui(REPOSITORY, log)
        log.unlink()
    return REPOSITORY / "ui" / "dist"
