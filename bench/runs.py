"""What every measurement needs: the stage to measure, connected users, and a file for the figures."""

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import typer

from ops import signals
from ops.stage import proxies
from ops.stage.stage import Stage, StageNotFoundError
from tests.chat_client import ChatClient
from tests.local_stage import TestStage

RESULTS = Path(__file__).parent / "results"


def run_program(main: Callable[..., None]) -> None:
    """Run a program's command line. A signal that stops it ends it in order, so that it undoes what it changed."""
    proxies.bypass_for_loopback()
    with signals.raised():
        typer.run(main)


def stage_to_measure(state_dir: Path | None, deployed: str | None = None) -> Stage:
    """The running local stage, or a deployed one by its name. Exits with 1 and a message if there is none."""
    try:
        return Stage.find(deployed, state_dir)
    except StageNotFoundError as missing:
        typer.echo(str(missing), err=True)
        raise typer.Exit(1) from None


async def connect_users(stack: AsyncExitStack, stage: Stage, count: int) -> list[ChatClient]:
    """Clients of new users with one socket each, closed with the stack."""
    test_stage = TestStage(stage, None)
    return [
        await stack.enter_async_context(test_stage.connected_user(f"bench{number}")) for number in range(count)
    ]


def save(name: str, figures: Any) -> None:
    """Write figures to bench/results/NAME.json."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2))
