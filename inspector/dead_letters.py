"""The dead letters of all queues, as the page lists them, and processing those of one queue again.

They come from the reader of `parley dead-letters`. An event's data, which may contain a message's sealed text, is
left out: `parley dead-letters show` prints it.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from inspector.models import (
    DeadLetterQueue,
    DeadLetterQueues,
    FailedRedrive,
    LetterCommands,
    ListedDeadLetter,
    QueueCommands,
    RedriveReport,
)
from ops import times
from ops.errors import BadRequestError
from ops.runs import dead_letters, held_letters
from ops.runs.dead_letters import DeadLetter
from ops.runs.redrive import Redrive
from ops.stage import operations
from ops.stage.stage import Stage

MAX_LISTED = 100
"""The most dead letters of a queue that are listed. They are hidden from a redrive while they are read."""


def read(stage: Stage) -> DeadLetterQueues:
    """The queues with their dead letters, the longest waiting first."""
    names = dead_letters.QUEUES
    with ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="dead-letters") as pool:
        queues = list(pool.map(lambda name: _queue(stage, name), names))
    return DeadLetterQueues(read_at=times.iso(times.now()), items=queues)


def redrive(stage: Stage, name: str) -> RedriveReport:
    """Process the dead letters of a queue again, as `parley redrive` does, recorded as that command."""
    if name not in dead_letters.QUEUES:
        raise BadRequestError(f"There is no queue '{name}': {', '.join(dead_letters.QUEUES)}.")
    notes: list[str] = []
    work = Redrive(stage, None, MAX_LISTED)
    with operations.recorded(stage, "redrive", {"queue": name}, warn=notes.append) as operation:
        work.redrive(name)
        operation.exit_code = work.exit_code
    return RedriveReport(
        redriven=len(work.results) - len(work.failed),
        failed=[
            FailedRedrive(
                message_id=result.letter.message_id,
                event_id=result.letter.event.event_id,
                detail_type=result.letter.event.detail_type,
                note=result.note,
            )
            for result in work.failed
        ],
        notes=[*notes, *work.left_out],
    )


def _queue(stage: Stage, name: str) -> DeadLetterQueue:
    count = dead_letters.count(stage, name)
    letters = sorted(held_letters.look(stage, name, limit=MAX_LISTED), key=_waiting_since)
    truncated = len(letters) == MAX_LISTED and count.total > MAX_LISTED
    held = 0 if truncated else count.not_read(len(letters))
    return DeadLetterQueue.model_validate(
        {
            "name": name,
            "visible": max(count.visible, len(letters)),
            "held": held,
            "held_note": dead_letters.held_by_another(name, held) if held else None,
            "oldest_at": _oldest(letters),
            "items": [_listed(stage, letter) for letter in letters],
            "truncated": truncated,
            "commands": QueueCommands(
                look=stage.command("redrive", "--queue", name, "--dry-run"),
                redrive=stage.command("redrive", "--queue", name),
            ),
        }
    )


def _waiting_since(letter: DeadLetter) -> tuple[int, str]:
    return (letter.sent_ms or 0, letter.message_id)


def _oldest(letters: Iterable[DeadLetter]) -> str | None:
    sent = [letter.sent_ms for letter in letters if letter.sent_ms is not None]
    return times.iso(min(sent)) if sent else None


def _listed(stage: Stage, letter: DeadLetter) -> ListedDeadLetter:
    event = letter.event
    return ListedDeadLetter(
        message_id=letter.message_id,
        event_id=event.event_id,
        detail_type=event.detail_type,
        occurred_at=event.occurred_at or None,
        sent_at=None if letter.sent_ms is None else times.iso(letter.sent_ms),
        channel_id=event.channel_id,
        about_message_id=event.message_id,
        user_id=event.actor or None,
        correlation_id=event.correlation_id or None,
        reason=letter.reason,
        missed=len(letter.undelivered) or None,
        resumes=letter.page_start is not None,
        retries=letter.retries,
        commands=LetterCommands(
            show=stage.command("dead-letters", "show", letter.message_id),
            discard=stage.command("dead-letters", "discard", letter.message_id),
            follow=stage.command("follow", event.message_id) if event.message_id else None,
            logs=stage.command("logs", event.correlation_id) if event.correlation_id else None,
        ),
    )
