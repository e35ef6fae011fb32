"""Follow events live, as they are published, through a temporary rule and queue.

Both exist only while a tail is open, so a stage has no cost for them otherwise. A process that is killed leaves
them behind. A tag of the queue, renewed while the tail is open, says until when it is in use: the next tail of the
same stage removes what is not in use any more, and `prepare-destroy` all.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from functions.contract.events import SOURCE
from ops.events import bus_rules
from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

LEASE_SECONDS = 600
RENEW_SECONDS = 120.0
"""The difference to the lease is longer than the five minutes by which AWS lets a machine's clock be wrong."""
LEASE_TAG = "parley:in-use-until"
MAX_EVENTS_PER_POLL = 10
RETENTION_SECONDS = "300"
TARGET_ID = "tail"


@dataclass
class Tail:
    """An open tail. It must be polled more often than its lease ends."""

    stage: Stage
    queue_url: str
    _renewed: float = field(default_factory=time.monotonic)

    def poll(self, *, wait_seconds: int = 1) -> list[BusEvent]:
        """Up to MAX_EVENTS_PER_POLL events since the last call. Waits `wait_seconds` at most for the first."""
        sqs = self.stage.client("sqs")
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            sqs.tag_queue(QueueUrl=self.queue_url, Tags=_lease())
            self._renewed = time.monotonic()
        answer = sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=MAX_EVENTS_PER_POLL, WaitTimeSeconds=wait_seconds
        )
        return [BusEvent(json.loads(message["Body"])) for message in answer.get("Messages", [])]


@contextmanager
def open_tail(stage: Stage, *, on_note: Callable[[str], None] = lambda _: None) -> Iterator[Tail]:
    """Open a tail of the stage's bus; its rule and queue are removed when the block ends.

    `on_note` gets a sentence if it removed those of tails that were killed.
    """
    sqs, events = stage.client("sqs"), stage.client("events")
    bus = stage.output("Events", "EventBusName")
    if removed := remove_tails(stage, in_use=False):
        tails = "a tail that was" if removed == 1 else f"{removed} tails that were"
        on_note(f"Removed the rule and queue of {tails} killed.")
    name = f"{_prefix(stage)}{int(time.time())}-{uuid4().hex[:8]}"
    # A received message stays hidden until its retention ends, so it need not be deleted.
    attributes = {"MessageRetentionPeriod": RETENTION_SECONDS, "VisibilityTimeout": RETENTION_SECONDS}
    queue_url: str | None = None
    try:
        queue_url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=_lease())["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        rule_arn = events.put_rule(
            Name=name,
            EventBusName=bus,
            EventPattern=json.dumps({"source": [SOURCE], "replay-name": [{"exists": False}]}),
            Description=f"What `parley tail` shows of Parley ({stage.name}); gone when it ends",
        )["RuleArn"]
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": _policy(queue_arn, rule_arn)})
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": TARGET_ID, "Arn": queue_arn}])
        yield Tail(stage, queue_url)
    finally:
        # A stopped command may have created the queue without having its URL.
        _remove(stage, bus, name, queue_url or _queues(stage, name).get(name))


def remove_tails(stage: Stage, *, in_use: bool) -> int:
    """Remove the rules and queues of tails; those in use only if asked. Returns the number of tails."""
    bus = stage.output("Events", "EventBusName")
    rules = bus_rules.read(stage, _prefix(stage))
    urls = _queues(stage, _prefix(stage))
    names = {rule["Name"] for rule in rules} | set(urls)
    chosen = [name for name in names if in_use or not _is_in_use(stage, name, urls.get(name))]
    for name in chosen:
        _remove(stage, bus, name, urls.get(name))
    return len(chosen)


def _queues(stage: Stage, prefix: str) -> dict[str, str]:
    """The URLs of queues by name."""
    pages = stage.client("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
    return {url.rpartition("/")[2]: url for page in pages for url in page.get("QueueUrls", [])}


def _lease() -> dict[str, str]:
    return {LEASE_TAG: str(int(time.time()) + LEASE_SECONDS)}


def _is_in_use(stage: Stage, name: str, queue_url: str | None) -> bool:
    """Whether the lease of a tail has not ended. A tail that is being opened or removed has no queue or no tag."""
    started = name.removeprefix(_prefix(stage)).partition("-")[0]
    until = int(started) + LEASE_SECONDS if started.isdigit() else 0
    if queue_url is not None:
        try:
            tags = stage.client("sqs").list_queue_tags(QueueUrl=queue_url).get("Tags", {})
        except stage.client("sqs").exceptions.QueueDoesNotExist:
            return False
        until = max(until, int(tags.get(LEASE_TAG, 0)))
    return time.time() < until


def _prefix(stage: Stage) -> str:
    return f"parley-{stage.name}-tail-"


def _remove(stage: Stage, bus: str, name: str, queue_url: str | None) -> None:
    """Remove the rule, then the queue, so that the rule never sends to a deleted queue."""
    events = stage.client("events")
    for call, arguments in (
        (events.remove_targets, {"Rule": name, "EventBusName": bus, "Ids": [TARGET_ID]}),
        (events.delete_rule, {"Name": name, "EventBusName": bus}),
        (stage.client("sqs").delete_queue, {"QueueUrl": queue_url} if queue_url else None),
    ):
        if arguments is None:
            continue
        try:
            call(**arguments)
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"] and "NonExistent" not in str(error):
                raise


def _policy(queue_arn: str, rule_arn: str) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
