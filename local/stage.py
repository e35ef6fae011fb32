"""The running local stage of a state directory."""

from pathlib import Path
from typing import Any

from local.errors import LocalStageError
from local.state_directory import StateDirectory
from ops.stage import local_state


def describe(state_dir: Path) -> dict[str, Any]:
    """What `parley status --json` prints. Raises LocalStageError if no stage has finished starting."""
    state = StateDirectory(state_dir)
    description = state.running()
    if state.supervisor_pid() is None:
        raise LocalStageError(f"No local stage is running in {state.path}: start it with: {state.command('up')}")
    if description is None:
        raise LocalStageError(
            f"The local stage in {state.path} is still starting: try again soon (log: {state.supervisor_log})."
        )
    if local_state.has_ended(description):
        raise LocalStageError(
            f"The emulator of the local stage in {state.path} has ended and is being restarted: try again soon "
            f"(log: {state.emulator_log})."
        )
    return description
