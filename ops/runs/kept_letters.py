"""Take one dead letter out of its queue and keep it in a file, and put it back from there.

The file has one JSON object per line: queue, body, message attributes, reason, and when it was taken out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import text_files, times
from ops.errors import BadRequestError, NotFoundError
from ops.runs import dead_letters
from ops.runs.dead_letters import MAX_DEAD_LETTERS, QUEUES, DeadLetter
from ops.stage.stage import Stage


def find(stage: Stage, identifier: str) -> DeadLetter:
    """The dead letter with this id, of the message or of its event. It stays hidden until it is released.

    Raises NotFoundError, and BadRequestError if several are about the event.
    """
    letters: list[DeadLetter] = []
    left_out: list[str] = []
    for queue in QUEUES:
        count = dead_letters.count(stage, queue)
        read = dead_letters.read(stage, queue, limit=MAX_DEAD_LETTERS)
        letters += read
        left_out += dead_letters.left_out(queue, count, len(read), MAX_DEAD_LETTERS)
    found = [letter for letter in letters if identifier in (letter.message_id, letter.event.event_id)]
    try:
        if not found:
            list_all = stage.command("dead-letters", "list")
            if left_out:
                raise NotFoundError(f"No dead letter '{identifier}' was found. {' '.join(left_out)}")
            raise NotFoundError(f"There is no dead letter '{identifier}'. List all: {list_all}")
        if len(found) > 1:
            ids = ", ".join(letter.message_id for letter in found)
            raise BadRequestError(f"{len(found)} dead letters are about '{identifier}': choose one of {ids}.")
    except (NotFoundError, BadRequestError):
        dead_letters.release(stage, letters)
        raise
    dead_letters.release(stage, [letter for letter in letters if letter is not found[0]])
    return found[0]


def discard(stage: Stage, letter: DeadLetter, file: Path) -> None:
    """Append a dead letter to a file, then delete it from its queue.

    Raises BadRequestError if the file cannot be written; the dead letter then stays in its queue.
    """
    text_files.append_line(file, json.dumps(as_record(stage, letter), ensure_ascii=False))
    dead_letters.delete(stage, letter)


def as_record(stage: Stage, letter: DeadLetter) -> dict[str, Any]:
    """What the file keeps of a dead letter."""
    return {
        "stage": stage.name,
        "queue": letter.queue,
        "messageId": letter.message_id,
        "reason": letter.reason,
        "discardedAt": times.iso(times.now()),
        "attributes": letter.attributes,
        "body": letter.body,
    }


@dataclass(frozen=True)
class Restored:
    """A dead letter that was put back."""

    queue: str
    message_id: str
    """As it was before; SQS gives it another one."""


def restore(stage: Stage, file: Path) -> Iterator[Restored]:
    """Put the dead letters of a file back into their queues. Raises BadRequestError if a line is none."""
    for record in list(_records(file)):
        attributes = {
            name: {"DataType": "String", "StringValue": str(value)} for name, value in record["attributes"].items()
        }
        stage.client("sqs").send_message(
            QueueUrl=dead_letters.url(stage, record["queue"]),
            MessageBody=record["body"],
            MessageAttributes=attributes,
        )
        yield Restored(record["queue"], record["messageId"])


def _records(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text_files.read_lines(file), start=1):
        try:
            record = json.loads(line)
            is_record = record["queue"] in QUEUES and isinstance(record["body"], str)
            is_record = is_record and isinstance(record["attributes"], dict)
            is_record = is_record and isinstance(record["messageId"], str)
        except (ValueError, TypeError, KeyError):
            is_record = False
        if not is_record:
            raise BadRequestError(f"{file}, line {number}: this is not a dead letter that parley kept.")
        yield record
