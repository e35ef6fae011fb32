"""`redrive`: show the dead letters, and process them again."""

from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.names import ChannelOption, choose_channel
from ops.commands.recording import recorded
from ops.errors import BadRequestError
from ops.models import DeadLetterSummary, RedriveResult
from ops.runs.dead_letters import QUEUES, DeadLetter, Redriven
from ops.runs.redrive import Redrive


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
    work = Redrive(stage, chosen.channel_id, limit)
    if not as_json and not dry_run:
        work.on_chosen = _show
    if dry_run:
        letters = [letter for name in names for letter in work.look(name)]
        chosen.require(letters or work.left_out)
        if as_json:
            output.as_json([DeadLetterSummary.model_validate(letter) for letter in letters])
        elif letters or not work.left_out:
            _show(letters)
        _warn_of_left_out(work)
        return
    with recorded(stage, "redrive", queue=queue, channel=channel) as operation:
        for name in names:
            _redrive(work, name)
        chosen.require(work.results or work.left_out)
        operation.exit_code = work.exit_code
    results = work.results
    if as_json:
        output.as_json([RedriveResult.model_validate(result) for result in results])
    elif results:
        _show_results(results, work.failed)
    elif not work.left_out:
        _show([])
    _warn_of_left_out(work)
    raise typer.Exit(work.exit_code)


def _redrive(work: Redrive, name: str) -> None:
    """Redrive one queue, with a bar of progress."""
    with output.progress() as bar:
        task = bar.add_task(f"redriving {name}", total=None)
        work.redrive(
            name,
            on_count=lambda count: bar.update(task, total=count),
            on_done=lambda: bar.advance(task),
        )


def _warn_of_left_out(work: Redrive) -> None:
    """Print which dead letters were left out, and why."""
    for sentence in work.left_out:
        output.warn(sentence)


def _show_results(results: list[Redriven], failed: list[Redriven]) -> None:
    console = output.console()
    console.print(f"{len(results) - len(failed)} of {len(results)} redriven.")
    for result in failed:
        event = result.letter.event
        name = f"{event.detail_type} {event.event_id}" if event.detail_type else result.letter.message_id
        console.print(Text(f"✗ {name}: {result.note}", style="red"))


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
