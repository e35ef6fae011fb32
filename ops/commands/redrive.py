"""`redrive`: show the dead letters, and process them again."""

from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.names import ChannelOption, choose_channel
from ops.errors import BadRequestError, ExitCode
from ops.models import DeadLetterSummary, RedriveResult
from ops.runs import dead_letters
from ops.runs.dead_letters import BACK_IN_QUEUE, QUEUES, DeadLetter, Redriven
from ops.stage.stage import Stage

HIDDEN_SECONDS = 600
"""How long the dead letters of one page are hidden from other operators: long enough to run all of them."""


@app.command(rich_help_panel=OPERATE)
def redrive(
    context: typer.Context,
    queue: Annotated[str, typer.Option(help=f"{', '.join(QUEUES)}, or all.")] = "all",
    channel: ChannelOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the dead letters.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The most dead letters per queue.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Show the dead letters with their reasons, and process them again."""
    if queue != "all" and queue not in QUEUES:
        raise BadRequestError(f"There is no dead-letter queue '{queue}'; there are {', '.join(QUEUES)}, and all.")
    stage = stage_of(context)
    chosen = choose_channel(stage, channel)
    names = list(QUEUES) if queue == "all" else [queue]
    if dry_run:
        letters = _look(stage, names, chosen.channel_id, limit)
        chosen.require(letters)
        if as_json:
            output.as_json([DeadLetterSummary.model_validate(letter) for letter in letters])
        else:
            _show(letters)
        return
    results = [
        result for name in names for result in _redrive(stage, name, chosen.channel_id, limit, quiet=as_json)
    ]
    chosen.require(results)
    failed = [result for result in results if not result.redriven]
    if as_json:
        output.as_json([RedriveResult.model_validate(result) for result in results])
    elif not results:
        _show([])
    else:
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


def _look(stage: Stage, names: list[str], channel: str | None, limit: int) -> list[DeadLetter]:
    """The dead letters of the queues, which stay there."""
    found = [letter for name in names for letter in dead_letters.read(stage, name, limit=limit)]
    dead_letters.release(stage, found)
    return [letter for letter in found if channel in (None, letter.event.channel_id)]


def _redrive(stage: Stage, name: str, channel: str | None, limit: int, *, quiet: bool) -> list[Redriven]:
    """Redrive the dead letters of one queue page by page. Those that stay are released at the end."""
    results: list[Redriven] = []
    kept: list[DeadLetter] = []
    failed_again: set[str] = set()
    with output.progress() as bar:
        task = bar.add_task(f"redriving {name}", total=min(limit, dead_letters.waiting(stage, name)))
        for page in dead_letters.pages(stage, name, limit=limit, hidden_seconds=HIDDEN_SECONDS):
            # An event that failed again is in the queue under a new message id.
            chosen = [
                letter
                for letter in page
                if channel in (None, letter.event.channel_id) and letter.key not in failed_again
            ]
            kept += [letter for letter in page if letter not in chosen]
            if chosen and not quiet:
                _show(chosen)
            for letter in chosen:
                result = dead_letters.redrive(stage, letter)
                results.append(result)
                if result.note.startswith(BACK_IN_QUEUE):
                    failed_again.add(letter.key)
                elif not result.redriven:
                    kept.append(letter)
                bar.advance(task)
    dead_letters.release(stage, kept)
    return results


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
            str(len(letter.undelivered)) if letter.undelivered else "the rest" if letter.page_start else "all",
            Text(letter.reason, style="red"),
        )
    console.print(table)
