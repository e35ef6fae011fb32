"""The running local stage of a state directory."""

from pathlib import Path
from typing import Any

from local.errors import LocalStageError
from local.state_directory import StateDirectory


def describe(state_dir: Path) -> dict[str, Any]:
    """What `parley status --json` prints. Raises LocalStageError if no stage has finished starting."""
    state = StateDirectory(state_dir)
    description = state.running()
    if state.supervisor_pid() is None:
        raise LocalStageError(f"No local stage runs in {state.path}: start one with `parley up`.")
    if description is None:
        raise LocalStageError(
            f"The local stage in {state.path} is still starting: try again soon (log: {state.supervisor_log})."
        )
    return description
