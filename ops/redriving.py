"""Put dead letters back: deliveries through the workflow, status updates into their queue. Nothing is edited."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.chat.events import CHANNEL_EVENTS
from ops import dead_letters, playing
from ops.dead_letters import DeadLetter
from ops.stage import Stage

BACK_TO = {"status": "StatusQueueUrl", "replay": "ReplayQueueUrl"}


@dataclass(frozen=True)
class Redriven:
    """What became of one letter."""

    letter: DeadLetter
    done: bool
    note: str

    def as_json(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {**self.letter.as_json(), "redriven": self.done, "note": self.note}


def redrive(stage: Stage, letter: DeadLetter) -> Redriven:
    """One letter. It leaves its queue only when it has got where it belongs, or came back as a new letter."""
    if letter.queue in BACK_TO:
        return _send_back(stage, letter)
    if letter.event.detail_type not in CHANNEL_EVENTS:
        return Redriven(
            letter, False, f"'{letter.event.detail_type}' is no kind of event that the workflow takes."
        )
    played = playing.play(stage, letter.event, "live", only_to=letter.undelivered)
    if played.succeeded:
        dead_letters.delete(stage, letter)
        return Redriven(letter, True, played.outcome or "delivered")
    if played.failure and played.failure.startswith("The run did not start"):
        return Redriven(letter, False, played.failure)
    # The run failed like the first and put a letter of its own into the queue: two of the same help nobody.
    dead_letters.delete(stage, letter)
    return Redriven(letter, False, f"Failed again, and is back in the queue: {played.failure}")


def _send_back(stage: Stage, letter: DeadLetter) -> Redriven:
    queue = stage.output("Events", BACK_TO[letter.queue])
    try:
        stage.client("sqs").send_message(QueueUrl=queue, MessageBody=letter.body)
    except ClientError as refusal:
        return Redriven(letter, False, refusal.response["Error"]["Message"])
    dead_letters.delete(stage, letter)
    return Redriven(letter, True, f"back in the queue '{letter.queue}'")
