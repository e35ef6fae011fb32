"""`redrive`: show the dead letters, and process them again."""

from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.errors import BadRequestError, ExitCode
from ops.models import DeadLetterSummary, RedriveResult
from ops.runs import dead_letters
from ops.runs.dead_letters import QUEUES, DeadLetter, Redriven

# Long enough to run every dead letter before the first is visible to another operator again.
HIDDEN_SECONDS = 600


@app.command(rich_help_panel=OPERATE)
def redrive(
    context: typer.Context,
    queue: Annotated[str, typer.Option(help=f"{', '.join(QUEUES)}, or all.")] = "all",
    channel: Annotated[str | None, typer.Option(help="Only dead letters of this channel.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the dead letters.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most dead letters per queue.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Show the dead letters with their reasons, and process them again."""
    if queue != "all" and queue not in QUEUES:
        raise BadRequestError(f"There is no dead-letter queue '{queue}'; there are {', '.join(QUEUES)}, and all.")
    stage = stage_of(context)
    names = list(QUEUES) if queue == "all" else [queue]
    found = [
        letter
        for name in names
        for letter in dead_letters.read(
            stage, name, limit=limit, hidden_seconds=dead_letters.LOOK_SECONDS if dry_run else HIDDEN_SECONDS
        )
    ]
    letters = [letter for letter in found if channel in (None, letter.event.channel_id)]
    dead_letters.release(stage, [letter for letter in found if channel not in (None, letter.event.channel_id)])
    if dry_run:
        dead_letters.release(stage, letters)
        if as_json:
            output.as_json([DeadLetterSummary.model_validate(letter) for letter in letters])
        else:
            _show(letters)
        return
    if not as_json:
        _show(letters)
    results: list[Redriven] = []
    with output.progress() as bar:
        task = bar.add_task("redriving", total=len(letters))
        for letter in letters:
            results.append(dead_letters.redrive(stage, letter))
            bar.advance(task)
    failed = [result for result in results if not result.redriven]
    dead_letters.release(stage, [result.letter for result in failed if not result.note.startswith("Failed again")])
    if as_json:
        output.as_json([RedriveResult.model_validate(result) for result in results])
    elif letters:
        console = output.console()
        console.print(f"{len(results) - len(failed)} of {len(results)} redriven.")
        for result in failed:
            console.print(
                Text(
                    f"✗ {result.letter.event.detail_type} {result.letter.event.event_id}: {result.note}",
                    style="red",
                )
            )
    raise typer.Exit(ExitCode.UNREPAIRED if failed else ExitCode.DONE)


def _show(letters: list[DeadLetter]) -> None:
    console = output.console()
    if not letters:
        console.print("No dead letters.")
        return
    table = output.table("queue", "at", "event", "channel", "message", "missed", "why", right=("missed",))
    for letter in letters:
        table.add_row(
            letter.queue,
            letter.event.occurred_at,
            letter.event.detail_type or "?",
            letter.event.channel_id or "",
            letter.event.message_id or "",
            str(len(letter.undelivered)) if letter.undelivered else "all",
            Text(letter.reason, style="red"),
        )
    console.print(table)
