"""The dead-letter queues: read dead letters with their reason, and redrive them.

The delivery queue holds three kinds: events that EventBridge could not start a run for, events whose run failed
(some of them at a later page of recipients), and events that a run could not post to every connection. Reading
hides dead letters from other readers for a short time and deletes nothing; `held_letters` renews that. A redrive
sends deliveries through the workflow and status updates back to their queue; it never edits an event.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.contract.events import CHANNEL_EVENTS
from ops import times
from ops.events.bus_event import BusEvent
from ops.runs import runner
from ops.runs.execution import failure_message
from ops.stage.stage import Stage
from ops.wording import counted, counted_are

QUEUES = {
    "delivery": "DeliveryDeadLetterQueueUrl",
    "status": "StatusDeadLetterQueueUrl",
    "replay": "ReplayDeadLetterQueueUrl",
}
BACK_IN_QUEUE = "Failed again, and is back in the queue"
NOT_WRITTEN = ("SQS.", "States.Timeout")
"""The starts of the errors with which a run fails that could not write its dead letter, or may have failed to."""
BACK_TO = {"status": "StatusQueueUrl", "replay": "ReplayQueueUrl"}
LEASE_SECONDS = 60
"""How long a received dead letter is hidden from other readers, unless the lease is renewed."""
MAX_DEAD_LETTERS = 2_000
PAGE_SIZE = 10
"""SQS's limit for messages that are received, or hidden, with one call."""
EMPTY_ANSWERS = 3
"""On AWS, a queue counts as read after this many empty answers in a row."""


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue."""

    queue: str
    message_id: str
    receipt_handle: str
    body: str
    attributes: dict[str, str]
    sent_ms: int | None = None
    """When it was put into the queue, or, by SQS's redrive policy, into the queue that it came from."""

    @property
    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def event(self) -> BusEvent:
        """The event, from either form: as delivered by EventBridge, or in an envelope with the failure."""
        content = self._content
        inner = content.get("event")
        return BusEvent(inner if isinstance(inner, dict) and "detail-type" not in content else content)

    @property
    def key(self) -> str:
        """What the dead letter is about: an event, and the connections that it did not reach."""
        return " ".join([self.event.event_id or self.message_id, *sorted(self.undelivered)])

    @property
    def undelivered(self) -> tuple[str, ...]:
        """The connections that a stored message did not reach; empty if none was posted to."""
        connection_ids = self._content.get("undelivered")
        return (
            tuple(str(connection_id) for connection_id in connection_ids)
            if isinstance(connection_ids, list)
            else ()
        )

    @property
    def page_start(self) -> dict[str, Any] | None:
        """The page of recipients at which the run ended, because its time was over; None if it posted to none."""
        page_start = self._content.get("pageStart")
        return page_start if isinstance(page_start, dict) else None

    @property
    def retries(self) -> int | None:
        """How often EventBridge tried again to deliver the event; None where another service gave up."""
        retries = self.attributes.get("RETRY_ATTEMPTS", "")
        return int(retries) if retries.isdecimal() else None

    @property
    def reason(self) -> str:
        """Why it is in the queue."""
        failure = self._content.get("failure")
        if isinstance(failure, dict):
            return failure_message(failure.get("Error"), failure.get("Cause"))
        if "ERROR_MESSAGE" in self.attributes:
            return f"{self.attributes.get('ERROR_CODE', 'failed')}: {self.attributes['ERROR_MESSAGE']}"
        return {
            "status": "broadcast_status failed on it, or could not read it, every time",
            "replay": "the replay's command did not read it in time",
        }.get(self.queue, "no reason was noted")


@dataclass(frozen=True)
class Count:
    """How many dead letters a queue holds, an estimate of SQS."""

    visible: int
    held: int
    """Those that another command has received, and that are hidden until its lease ends."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.held

    def not_read(self, read: int) -> int:
        """How many another command held, given how many could be read since this count."""
        return max(0, min(self.held, self.total - read))

    def beyond(self, limit: int, read: int) -> int:
        """How many were not read because so many are the most that are read."""
        return max(0, self.total - read - self.not_read(read)) if read >= limit else 0


def left_out(queue: str, count: Count, read: int, limit: int) -> list[str]:
    """The sentences about the dead letters that were not read, of those that were counted before."""
    sentences = []
    if held := count.not_read(read):
        sentences.append(held_by_another(queue, held))
    if further := count.beyond(limit, read):
        sentences.append(
            f"Not read: about {counted(further, 'further dead letter')} of the queue '{queue}', because "
            f"{limit:,} are the most that one command reads."
        )
    return sentences


def held_by_another(queue: str, number: int) -> str:
    """The sentence about dead letters that another command holds."""
    end = times.iso(times.now() + LEASE_SECONDS * 1000 + 59_999)[11:16]
    return (
        f"{counted_are(number, 'dead letter')} held by another redrive of the queue '{queue}' until {end} UTC, or "
        "longer if it is still running then."
    )


def count(stage: Stage, queue: str) -> Count:
    """How many dead letters a queue holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stage.client("sqs").get_queue_attributes(QueueUrl=url(stage, queue), AttributeNames=names)
    return Count(*(int(attributes["Attributes"][name]) for name in names))


def url(stage: Stage, queue: str) -> str:
    """The URL of a queue."""
    return stage.output("Events", QUEUES[queue])


def read(stage: Stage, queue: str, *, limit: int = MAX_DEAD_LETTERS) -> list[DeadLetter]:
    """Receive the dead letters of a queue. The caller releases or deletes them afterwards."""
    return [letter for page in pages(stage, queue, limit=limit) for letter in page]


def pages(
    stage: Stage, queue: str, *, limit: int, hidden_seconds: int = LEASE_SECONDS
) -> Iterator[list[DeadLetter]]:
    """Yield up to `limit` dead letters in pages of at most PAGE_SIZE, none twice.

    A dead letter becomes visible again `hidden_seconds` after its page, unless `held_letters` renews that; it is
    then received again, and left out.
    Reading ends at a page with nothing new, and after several empty answers: SQS may answer with nothing although
    messages remain (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/confirm-queue-is-empty.html).
    """
    sqs = stage.client("sqs")
    seen: set[str] = set()
    empty_answers = 0
    while len(seen) < limit and empty_answers < (1 if stage.is_local else EMPTY_ANSWERS):
        answer = sqs.receive_message(
            QueueUrl=url(stage, queue),
            MaxNumberOfMessages=min(PAGE_SIZE, limit - len(seen)),
            WaitTimeSeconds=0 if stage.is_local else 2,
            VisibilityTimeout=hidden_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        page = {message["MessageId"]: _letter(queue, message) for message in messages}
        new = [letter for message_id, letter in page.items() if message_id not in seen]
        seen.update(page)
        if new:
            empty_answers = 0
            yield new
        elif page:
            return
        else:
            empty_answers += 1


def _letter(queue: str, message: dict[str, Any]) -> DeadLetter:
    attributes = {
        name: str(value.get("StringValue", "")) for name, value in (message.get("MessageAttributes") or {}).items()
    }
    sent = (message.get("Attributes") or {}).get("SentTimestamp", "")
    return DeadLetter(
        queue,
        message["MessageId"],
        message["ReceiptHandle"],
        message["Body"],
        attributes,
        int(sent) if sent.isdecimal() else None,
    )


def release(stage: Stage, letters: Sequence[DeadLetter]) -> None:
    """Make dead letters visible to other readers again."""
    hide(stage, letters, seconds=0)


def hide(stage: Stage, letters: Sequence[DeadLetter], *, seconds: int) -> None:
    """Hide received dead letters for some seconds from now on. Those that are deleted or visible are left out."""
    for queue in {letter.queue for letter in letters}:
        handles = [letter.receipt_handle for letter in letters if letter.queue == queue]
        for start in range(0, len(handles), PAGE_SIZE):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for number, handle in enumerate(handles[start : start + PAGE_SIZE])
            ]
            # Its answer lists those that others see already, or have deleted.
            stage.client("sqs").change_message_visibility_batch(QueueUrl=url(stage, queue), Entries=entries)


def delete(stage: Stage, letter: DeadLetter) -> None:
    """Delete a dead letter."""
    stage.client("sqs").delete_message(QueueUrl=url(stage, letter.queue), ReceiptHandle=letter.receipt_handle)


@dataclass(frozen=True)
class Redriven:
    """The result for one dead letter."""

    letter: DeadLetter
    redriven: bool
    note: str

    @property
    def is_back(self) -> bool:
        """Whether the run has put a new dead letter about the event into the queue."""
        return self.note.startswith(BACK_IN_QUEUE)


def redrive(stage: Stage, letter: DeadLetter) -> Redriven:
    """Redrive one dead letter. It is deleted once it was processed, or once a new one has replaced it."""
    if letter.queue in BACK_TO:
        return _send_back(stage, letter)
    if not letter.event.detail_type:
        command = stage.command("dead-letters", "show", letter.message_id)
        return Redriven(letter, False, f"It holds no event that can be read. Show it with: {command}")
    if letter.event.detail_type not in CHANNEL_EVENTS:
        return Redriven(
            letter, False, f"The workflow does not process events of type '{letter.event.detail_type}'."
        )
    result = runner.run_event(
        stage, letter.event, "live", only_to=letter.undelivered, page_start=letter.page_start
    )
    if result.succeeded:
        # A run that did not reach every connection has put a new dead letter into the queue.
        delete(stage, letter)
        if result.problem:
            return Redriven(letter, False, f"{BACK_IN_QUEUE}: {result.problem}")
        return Redriven(letter, True, result.summary)
    if result.failure and result.failure.startswith((runner.NOT_STARTED, runner.ANSWER_LOST)):
        return Redriven(letter, False, result.failure)
    if result.status == "TIMED_OUT" or (result.failure or "").startswith(NOT_WRITTEN):
        return Redriven(
            letter, False, f"Failed again, maybe without a new dead letter; this one is kept: {result.failure}"
        )
    # The run failed again and put a new dead letter into the queue, so the old one is deleted.
    delete(stage, letter)
    return Redriven(letter, False, f"{BACK_IN_QUEUE}: {result.failure}")


def _send_back(stage: Stage, letter: DeadLetter) -> Redriven:
    queue = stage.output("Events", BACK_TO[letter.queue])
    try:
        stage.client("sqs").send_message(QueueUrl=queue, MessageBody=letter.body)
    except ClientError as refusal:
        return Redriven(letter, False, refusal.response["Error"]["Message"])
    delete(stage, letter)
    return Redriven(letter, True, f"back in the queue '{letter.queue}'")
