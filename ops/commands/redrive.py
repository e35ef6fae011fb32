"""`redrive`: show the dead letters, and process them again."""

from dataclasses import dataclass, field, replace
from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.names import ChannelOption, choose_channel
from ops.commands.recording import recorded
from ops.errors import BadRequestError, ExitCode
from ops.models import DeadLetterSummary, RedriveResult
from ops.runs import dead_letters, held_letters
from ops.runs.dead_letters import BACK_IN_QUEUE, QUEUES, Count, DeadLetter, Redriven
from ops.runs.held_letters import HeldLetters
from ops.stage.stage import Stage

TRIES_PER_LETTER = 2
"""How often one command redrives equal dead letters. EventBridge may have written one twice; more are its own."""


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
    work = _Redrive(stage, chosen.channel_id, limit, quiet=as_json)
    if dry_run:
        letters = [letter for name in names for letter in work.look(name)]
        chosen.require(letters or work.held)
        if as_json:
            output.as_json([DeadLetterSummary.model_validate(letter) for letter in letters])
        elif letters or not work.held:
            _show(letters)
        work.warn_of_held()
        return
    with recorded(stage, "redrive", queue=queue, channel=channel) as operation:
        for name in names:
            work.redrive(name)
        if not all(result.redriven for result in work.results):
            operation.exit_code = ExitCode.UNREPAIRED
    results = work.results
    chosen.require(results or work.held)
    failed = [result for result in results if not result.redriven]
    if as_json:
        output.as_json([RedriveResult.model_validate(result) for result in results])
    elif results:
        _show_results(results, failed)
    elif not work.held:
        _show([])
    work.warn_of_held()
    raise typer.Exit(ExitCode.UNREPAIRED if failed or work.held else ExitCode.DONE)


@dataclass
class _Redrive:
    """One command's work on the queues: the results, and the sentences about what another command holds."""

    stage: Stage
    channel: str | None
    limit: int
    quiet: bool = False
    results: list[Redriven] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def look(self, name: str) -> list[DeadLetter]:
        """The dead letters of one queue, which stay there."""
        count = dead_letters.count(self.stage, name)
        found = held_letters.look(self.stage, name, limit=self.limit)
        self._note_held(name, count, len(found))
        return [letter for letter in found if self._is_chosen(letter)]

    def redrive(self, name: str) -> None:
        """Redrive the dead letters of one queue page by page. Those that stay are released, after a signal too."""
        count, read = dead_letters.count(self.stage, name), 0
        tries: dict[str, list[int]] = {}
        back: set[str] = set()
        with output.progress() as bar, HeldLetters(self.stage) as held:
            task = bar.add_task(f"redriving {name}", total=min(self.limit, count.total))
            for page in dead_letters.pages(self.stage, name, limit=self.limit):
                held.add(page)
                read += len(page)
                # An event that failed again is in the queue under a new message id.
                chosen = [
                    letter for letter in page if self._is_chosen(letter) and letter.event.event_id not in back
                ]
                if chosen and not self.quiet:
                    _show(chosen)
                for letter in chosen:
                    tried = tries.setdefault(letter.key, [])
                    if len(tried) >= TRIES_PER_LETTER:
                        self._is_back(tried, letter, back)
                        continue
                    tried.append(len(self.results))
                    result = dead_letters.redrive(self.stage, letter)
                    self.results.append(result)
                    if result.redriven or result.is_back:
                        held.remove(letter)
                    if result.is_back:
                        back.add(letter.event.event_id)
                    bar.advance(task)
        self._note_held(name, count, read)

    def _is_back(self, tried: list[int], letter: DeadLetter, back: set[str]) -> None:
        """The queue has the dead letter again, although its runs succeeded: they did not reach its connections."""
        for number in tried:
            note = f"{BACK_IN_QUEUE}: {letter.reason}"
            self.results[number] = replace(self.results[number], redriven=False, note=note)
        back.add(letter.event.event_id)

    def _is_chosen(self, letter: DeadLetter) -> bool:
        return self.channel in (None, letter.event.channel_id)

    def _note_held(self, name: str, count: Count, read: int) -> None:
        if not_read := count.not_read(read):
            self.held.append(dead_letters.held_by_another(name, not_read))

    def warn_of_held(self) -> None:
        """Print which dead letters another command holds."""
        for sentence in self.held:
            output.warn(sentence)


def _show_results(results: list[Redriven], failed: list[Redriven]) -> None:
    console = output.console()
    console.print(f"{len(results) - len(failed)} of {len(results)} redriven.")
    for result in failed:
        event = result.letter.event
        console.print(Text(f"✗ {event.detail_type} {event.event_id}: {result.note}", style="red"))


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
