"""What every measurement begins and ends with: the stage that it measures, and its figures on the disk."""

import json
from pathlib import Path
from typing import Any

import typer

from ops.stage.stage import Stage, StageNotFoundError

RESULTS = Path(__file__).parent / "results"


def stage_to_measure(state_dir: Path | None, deployed: str | None = None) -> Stage:
    """The local stage that runs, or a deployed one by name; without it one sentence, and the exit code 1."""
    try:
        return Stage.deployed(deployed) if deployed else Stage.local(state_dir)
    except StageNotFoundError as absence:
        typer.echo(str(absence), err=True)
        raise typer.Exit(1) from None


def keep(name: str, figures: Any) -> None:
    """Write figures to bench/results/NAME.json."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2))
