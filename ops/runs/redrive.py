"""Redrive the dead letters of a queue page by page: what the command and the inspector have in common."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ops.errors import ExitCode
from ops.runs import dead_letters, held_letters
from ops.runs.dead_letters import BACK_IN_QUEUE, DeadLetter, Redriven
from ops.runs.held_letters import HeldLetters
from ops.stage.stage import Stage

TRIES_PER_LETTER = 2
"""How often one redrive processes equal dead letters. EventBridge may have written one twice; the redrive itself
causes further ones."""


@dataclass
class Redrive:
    """One operator's work on the queues: the results, and the sentences about dead letters that were left out."""

    stage: Stage
    channel: str | None
    limit: int
    """The most dead letters per queue."""
    on_chosen: Callable[[list[DeadLetter]], None] = lambda _: None
    """Gets the dead letters of each page before they are processed."""
    results: list[Redriven] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Redriven]:
        """The results of the dead letters that were not redriven."""
        return [result for result in self.results if not result.redriven]

    @property
    def exit_code(self) -> ExitCode:
        """UNREPAIRED if a dead letter was not redriven: it failed, was held by another command, or not read."""
        return ExitCode.UNREPAIRED if self.failed or self.left_out else ExitCode.DONE

    def look(self, name: str) -> list[DeadLetter]:
        """The dead letters of one queue, which stay there."""
        count = dead_letters.count(self.stage, name)
        found = held_letters.look(self.stage, name, limit=self.limit)
        self.left_out += dead_letters.left_out(name, count, len(found), self.limit)
        return [letter for letter in found if self._is_chosen(letter)]

    def redrive(
        self,
        name: str,
        *,
        on_count: Callable[[int], None] = lambda _: None,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        """Redrive the dead letters of one queue. Those that stay are released, after a signal too.

        `on_count` gets how many there are about; `on_done` is called after each.
        """
        count, read = dead_letters.count(self.stage, name), 0
        on_count(min(self.limit, count.total))
        tries: dict[str, list[int]] = {}
        back: set[str] = set()
        with HeldLetters(self.stage) as held:
            for page in dead_letters.pages(self.stage, name, limit=self.limit):
                held.add(page)
                read += len(page)
                # An event that failed again is in the queue under a new message id.
                chosen = [
                    letter for letter in page if self._is_chosen(letter) and letter.event.event_id not in back
                ]
                if chosen:
                    self.on_chosen(chosen)
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
                    on_done()
        self.left_out += dead_letters.left_out(name, count, read, self.limit)

    def _is_back(self, tried: list[int], letter: DeadLetter, back: set[str]) -> None:
        """The queue has the dead letter again, although its runs succeeded: they did not reach its connections."""
        for number in tried:
            note = f"{BACK_IN_QUEUE}: {letter.reason}"
            self.results[number] = replace(self.results[number], redriven=False, note=note)
        back.add(letter.event.event_id)

    def _is_chosen(self, letter: DeadLetter) -> bool:
        return self.channel in (None, letter.event.channel_id)
