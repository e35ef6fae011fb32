"""Record a command that changes the stage, with its options."""

from contextlib import AbstractContextManager

from ops.commands import output
from ops.stage import operations
from ops.stage.operations import Operation
from ops.stage.stage import Stage


def recorded(stage: Stage, command: str, **options: object) -> AbstractContextManager[Operation]:
    """Record the command that runs within the block; options without a value are left out."""
    return operations.recorded(stage, command, options, warn=output.warn)
