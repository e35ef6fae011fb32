"""`dead-letters`: list them, show one with all its fields, take one out of its queue, and put it back.

`redrive` processes them again. This is for those that must not, or can never, be processed.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.recording import recorded
from ops.models import DeadLetterDetail, RestoredLetter
from ops.runs import dead_letters, kept_letters
from ops.runs.dead_letters import MAX_DEAD_LETTERS, QUEUES, DeadLetter
from ops.runs.held_letters import HeldLetters
from ops.runs.kept_letters import Restored
from ops.runs.redrive import Redrive
from ops.wording import counted

letters = typer.Typer(help="List, show, discard and restore dead letters.", no_args_is_help=True)
app.add_typer(letters, name="dead-letters", rich_help_panel=OPERATE)

KEPT = Path("parley-discarded.jsonl")
Identifier = Annotated[str, typer.Argument(metavar="ID", help="The id of the dead letter, or of its event.")]


@letters.command(name="list")
def list_letters(context: typer.Context, as_json: AsJson = False) -> None:
    """List the dead letters of all queues with their ids."""
    stage = stage_of(context)
    work = Redrive(stage, None, MAX_DEAD_LETTERS)
    found = [letter for queue in QUEUES for letter in work.look(queue)]
    for sentence in work.left_out:
        output.warn(sentence)
    if as_json:
        output.as_json([_detail(letter) for letter in found])
    elif not found and not work.left_out:
        output.console().print("No dead letters.")
    elif found:
        table = output.table("id", "queue", "at", "event", "channel", "why", whole=("id", "at", "channel"))
        for letter in found:
            event = letter.event
            table.add_row(
                letter.message_id, letter.queue, event.occurred_at, event.detail_type or "?",
                event.channel_id or "", Text(letter.reason, style="red"),
            )  # fmt: skip
        output.console().print(table)


@letters.command()
def show(context: typer.Context, identifier: Identifier, as_json: AsJson = False) -> None:
    """Show all fields of one dead letter, its event included.

    It may contain ids, display names and a sealed text. Only an event published before the stage had text keys has
    a readable text.
    """
    stage = stage_of(context)
    letter = kept_letters.find(stage, identifier)
    dead_letters.release(stage, [letter])
    if as_json:
        output.as_json(_detail(letter))
    else:
        _show(letter)


@letters.command()
def discard(
    context: typer.Context,
    identifier: Identifier,
    keep: Annotated[Path, typer.Option("--keep-in", help="The file that it is added to.")] = KEPT,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take one dead letter out of its queue, after showing it, and keep it in a file. Its event stays archived."""
    stage = stage_of(context)
    letter = kept_letters.find(stage, identifier)
    with HeldLetters(stage) as held:
        held.add([letter])
        if not as_json:
            _show(letter)
        if not yes:
            output.confirm(f"Discard it, and keep it in {keep}?")
        with recorded(stage, "dead-letters discard", id=letter.message_id, event=letter.event.event_id):
            kept_letters.discard(stage, letter, keep)
        held.remove(letter)
    if as_json:
        output.as_json(_detail(letter))
    else:
        output.console().print(f"Discarded. To put it back: {stage.command('dead-letters', 'restore', str(keep))}")


@letters.command()
def restore(context: typer.Context, file: Path, as_json: AsJson = False) -> None:
    """Put the dead letters of a file back into their queues. Delete the file afterwards."""
    stage = stage_of(context)
    restored: list[Restored] = []
    with recorded(stage, "dead-letters restore", file=file.name):
        try:
            for one in kept_letters.restore(stage, file):
                restored.append(one)
        except BaseException:
            if restored:
                lines = counted(len(restored), "line")
                output.warn(f"The dead letters of the first {lines} of {file} are put back: remove these lines.")
            raise
    if as_json:
        output.as_json([RestoredLetter.model_validate(one) for one in restored])
    else:
        put_back = counted(len(restored), "dead letter")
        output.console().print(
            f"Put back: {put_back}. Delete {file}: a second restore would put back the same again."
        )


def _detail(letter: DeadLetter) -> DeadLetterDetail:
    return DeadLetterDetail.model_validate(letter)


def _show(letter: DeadLetter) -> None:
    console = output.console()
    console.print(f"id:      {letter.message_id}")
    console.print(f"queue:   {letter.queue}")
    console.print(Text(f"why:     {letter.reason}", style="red"))
    for connection_id in letter.undelivered:
        console.print(f"missed:  {connection_id}")
    console.print("event:")
    console.print(json.dumps(letter.event.raw, indent=2, ensure_ascii=False) if letter.event.raw else letter.body)
