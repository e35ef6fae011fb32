"""Record the messages that are added to and deleted from SQS queues in the journal."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from local.emulator import patching

ACTIONS = ("SendMessage", "DeleteMessage", "DeleteMessageBatch", "SendMessageBatch", "PurgeQueue")

Queue = dict[str, Any]
Message = dict[str, Any]


class QueueChanges:
    """Entries `queued` (`{"queue": arn, "messages": […]}`) and `unqueued` (`{"queue": arn, "ids": […]}`)."""

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self._service = patching.module("services.sqs")
        handlers = self._service._HANDLERS
        for action in ACTIONS:
            handlers[action] = self._recording_action(handlers[action])
        # Workflows and event source mappings call these two directly.
        send = patching.original("services.sqs", "_act_send_message")
        patching.replace("services.sqs", "_act_send_message", self._recording_action(send))
        self._delete = patching.replace("services.sqs", "_delete_messages_for_esm", self._delete_for_mapping)
        self._sweep = patching.replace("services.sqs", "_dlq_sweep", self._sweep_to_dead_letters)

    def record_queued(self, queue: Queue, message: Message) -> None:
        """Record a message that was added to a queue without SQS's own functions."""
        self._record("queued", queue=arn_of(queue), messages=[message])

    def apply_queued_again(self, entry: dict[str, Any]) -> None:
        """Add the messages of an entry that are not in the queue, as never received."""
        queue = self._service._queue_by_arn(entry["queue"])
        if queue is None:
            return
        present = messages_by_id(queue)
        for message in entry["messages"]:
            if message["id"] not in present:
                queue["messages"].append({**message, "receipt_handle": None, "visible_at": message["sent_at"]})
                self._service._ensure_msg_fields(queue["messages"][-1])

    def apply_unqueued_again(self, entry: dict[str, Any]) -> None:
        """Delete the messages of an entry."""
        queue = self._service._queue_by_arn(entry["queue"])
        if queue is not None:
            deleted = set(entry["ids"])
            queue["messages"] = [message for message in queue["messages"] if message["id"] not in deleted]

    def _recording_action(self, action: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(action)
        def run(data: dict[str, Any], queue_url: str) -> Any:
            return self._recording(data.get("QueueUrl", queue_url), lambda: action(data, queue_url))

        return run

    def _delete_for_mapping(self, queue_url: str, *arguments: Any) -> Any:
        return self._recording(queue_url, lambda: self._delete(queue_url, *arguments))

    def _recording(self, queue_url: str, act: Callable[[], Any]) -> Any:
        """Run `act`, and record the difference between the messages before and after it."""
        queue = self._service._get_q(queue_url)
        before = set(messages_by_id(queue))
        result = act()
        after = messages_by_id(queue)
        deleted, added = before - after.keys(), after.keys() - before
        if deleted:
            self._record("unqueued", queue=arn_of(queue), ids=sorted(deleted))
        if added:
            self._record("queued", queue=arn_of(queue), messages=[after[message_id] for message_id in added])
        return result

    def _sweep_to_dead_letters(self, queue: Queue) -> None:
        before = set(messages_by_id(queue))
        self._sweep(queue)
        moved = before - messages_by_id(queue).keys()
        if not moved:
            return
        policy = self._service.json.loads(queue["attributes"].get("RedrivePolicy", "{}"))
        dead_letters = self._service._queue_by_arn(policy.get("deadLetterTargetArn", ""))
        self._record("unqueued", queue=arn_of(queue), ids=sorted(moved))
        if dead_letters is not None:
            messages = messages_by_id(dead_letters)
            self._record(
                "queued",
                queue=arn_of(dead_letters),
                messages=[messages[message_id] for message_id in moved],
            )


def arn_of(queue: Queue) -> str:
    """A queue's ARN."""
    return str(queue["attributes"]["QueueArn"])


def messages_by_id(queue: Queue) -> dict[str, Message]:
    """The messages of a queue, waiting or received, by id."""
    return {message["id"]: message for message in queue["messages"]}
