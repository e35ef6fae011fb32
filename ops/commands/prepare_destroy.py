"""`prepare-destroy`: make a deployed stage ready for `cdk destroy`."""

import typer

from ops.commands import output
from ops.commands.cli import OPERATE, Target, app
from ops.errors import BadRequestError, OpsError
from ops.events import teardown
from ops.stage.stage import Stage
from ops.wording import counted


@app.command(rich_help_panel=OPERATE)
def prepare_destroy(context: typer.Context) -> None:
    """Remove what prevents the deletion of a deployed stage's bus; `make destroy` runs this first."""
    target: Target = context.obj
    if target.name is None:
        raise BadRequestError("Name the deployed stage: parley --stage NAME prepare-destroy")
    result = teardown.prepare(Stage.remaining(target.name, target.session))
    if result.removed_tails:
        output.console().print(f"Removed the rules and queues of {counted(result.removed_tails, 'tail')}.")
    if result.is_blocked:
        raise OpsError(
            f"The bus of '{target.name}' has rules that neither its stacks nor parley made: "
            f"{', '.join(result.other_rules)}. EventBridge deletes no bus that has rules: delete them first."
        )
    output.console().print(f"The stage '{target.name}' can be destroyed.")
