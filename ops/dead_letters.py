"""What the dead-letter queues hold: the event, why it is there, and whom it did not reach.

Three kinds end in the queue of deliveries: what EventBridge could not start a run with, what a run failed on, and
what a run could not post to everyone. Looking takes nothing away: it hides letters from others for a moment.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ops.events import BusEvent
from ops.executions import sentence
from ops.stage import Stage

QUEUES = {
    "delivery": "DeliveryDeadLetterQueueUrl",
    "status": "StatusDeadLetterQueueUrl",
    "replay": "ReplayDeadLetterQueueUrl",
}
LOOK_SECONDS = 20
MOST_LETTERS = 2_000


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
            return sentence(failure.get("Error"), failure.get("Cause"))
        if "ERROR_MESSAGE" in self.attributes:
            return f"{self.attributes.get('ERROR_CODE', 'failed')}: {self.attributes['ERROR_MESSAGE']}"
        return {
            "status": "broadcast_status failed on it, or could not read it, every time",
            "replay": "nobody drained it in time",
        }.get(self.queue, "no reason was noted")

    def as_json(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "queue": self.queue,
            "reason": self.reason,
            "undelivered": list(self.undelivered),
            "event": self.event.as_json(),
        }


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
    stage: Stage, queue: str, *, most: int = MOST_LETTERS, hidden_seconds: int = LOOK_SECONDS
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
