"""The dead-letter queues: read dead letters with their reason, and redrive them.

The delivery queue holds three kinds: events that EventBridge could not start a run for, events whose run failed,
and events that a run could not post to every connection. Reading hides dead letters from other readers for a
short time and deletes nothing. A redrive sends deliveries through the workflow and status updates back to their
queue; it never edits an event.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.contract.events import CHANNEL_EVENTS
from ops.events.bus_event import BusEvent
from ops.runs import runner
from ops.runs.execution import failure_message
from ops.stage.stage import Stage

QUEUES = {
    "delivery": "DeliveryDeadLetterQueueUrl",
    "status": "StatusDeadLetterQueueUrl",
    "replay": "ReplayDeadLetterQueueUrl",
}
BACK_TO = {"status": "StatusQueueUrl", "replay": "ReplayQueueUrl"}
LOOK_SECONDS = 20
MAX_DEAD_LETTERS = 2_000


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue."""

    queue: str
    receipt_handle: str
    body: str
    attributes: dict[str, str]

    @property
    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def event(self) -> BusEvent:
        """The event, whichever way it is wrapped."""
        content = self._content
        inner = content.get("event")
        return BusEvent(inner if isinstance(inner, dict) and "detail-type" not in content else content)

    @property
    def undelivered(self) -> tuple[str, ...]:
        """The connections that it did not reach, where it was persisted and told to all others."""
        found = self._content.get("undelivered")
        return tuple(str(each) for each in found) if isinstance(found, list) else ()

    @property
    def reason(self) -> str:
        """Why it is here."""
        failure = self._content.get("failure")
        if isinstance(failure, dict):
            return failure_message(failure.get("Error"), failure.get("Cause"))
        if "ERROR_MESSAGE" in self.attributes:
            return f"{self.attributes.get('ERROR_CODE', 'failed')}: {self.attributes['ERROR_MESSAGE']}"
        return {
            "status": "broadcast_status failed on it, or could not read it, every time",
            "replay": "nobody drained it in time",
        }.get(self.queue, "no reason was noted")


def waiting(stage: Stage, queue: str) -> int:
    """How many letters a queue holds, as SQS estimates it."""
    attributes = stage.client("sqs").get_queue_attributes(
        QueueUrl=url(stage, queue),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(value) for value in attributes.values())


def url(stage: Stage, queue: str) -> str:
    """The queue's address."""
    return stage.output("Events", QUEUES[queue])


def read(
    stage: Stage, queue: str, *, most: int = MAX_DEAD_LETTERS, hidden_seconds: int = LOOK_SECONDS
) -> list[DeadLetter]:
    """The letters of a queue. Whoever is done with them calls `release`, or deletes them one by one."""
    return list(_receive(stage, queue, most, hidden_seconds))


def _receive(stage: Stage, queue: str, most: int, hidden_seconds: int) -> Iterator[DeadLetter]:
    sqs = stage.client("sqs")
    count = 0
    while count < most:
        answer = sqs.receive_message(
            QueueUrl=url(stage, queue),
            MaxNumberOfMessages=10,
            WaitTimeSeconds=0 if stage.is_local else 2,
            VisibilityTimeout=hidden_seconds,
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        for message in messages:
            count += 1
            attributes = {
                name: str(value.get("StringValue", ""))
                for name, value in (message.get("MessageAttributes") or {}).items()
            }
            yield DeadLetter(queue, message["ReceiptHandle"], message["Body"], attributes)


def release(stage: Stage, letters: list[DeadLetter]) -> None:
    """Let others see letters again at once."""
    sqs = stage.client("sqs")
    for letter in letters:
        # Whoever looked for long holds it no more: others see it already, or have dealt with it.
        with suppress(sqs.exceptions.ReceiptHandleIsInvalid, sqs.exceptions.MessageNotInflight):
            sqs.change_message_visibility(
                QueueUrl=url(stage, letter.queue), ReceiptHandle=letter.receipt_handle, VisibilityTimeout=0
            )


def delete(stage: Stage, letter: DeadLetter) -> None:
    """Take a letter out for good."""
    stage.client("sqs").delete_message(QueueUrl=url(stage, letter.queue), ReceiptHandle=letter.receipt_handle)


@dataclass(frozen=True)
class Redriven:
    """What became of one letter."""

    letter: DeadLetter
    redriven: bool
    note: str


def redrive(stage: Stage, letter: DeadLetter) -> Redriven:
    """One letter. It leaves its queue only when it has got where it belongs, or came back as a new letter."""
    if letter.queue in BACK_TO:
        return _send_back(stage, letter)
    if letter.event.detail_type not in CHANNEL_EVENTS:
        return Redriven(
            letter, False, f"'{letter.event.detail_type}' is no kind of event that the workflow takes."
        )
    result = runner.run_event(stage, letter.event, "live", only_to=letter.undelivered)
    if result.succeeded:
        delete(stage, letter)
        return Redriven(letter, True, result.outcome or "delivered")
    if result.failure and result.failure.startswith("The run did not start"):
        return Redriven(letter, False, result.failure)
    # The run failed like the first and put a letter of its own into the queue: two of the same help nobody.
    delete(stage, letter)
    return Redriven(letter, False, f"Failed again, and is back in the queue: {result.failure}")


def _send_back(stage: Stage, letter: DeadLetter) -> Redriven:
    queue = stage.output("Events", BACK_TO[letter.queue])
    try:
        stage.client("sqs").send_message(QueueUrl=queue, MessageBody=letter.body)
    except ClientError as refusal:
        return Redriven(letter, False, refusal.response["Error"]["Message"])
    delete(stage, letter)
    return Redriven(letter, True, f"back in the queue '{letter.queue}'")
