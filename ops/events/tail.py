"""Follow events live, as they are published, through a temporary rule and queue.

Both exist only while a tail is open, so a stage has no cost for them otherwise. A process that is killed leaves
them behind; the next tail of the same stage removes those that are older than a day, and `prepare-destroy` all.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from functions.contract.events import SOURCE
from ops.events import bus_rules
from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

ABANDONED_SECONDS = 86_400
MAX_EVENTS_PER_POLL = 10
RETENTION_SECONDS = "300"
TARGET_ID = "tail"


@dataclass(frozen=True)
class Tail:
    """An open tail."""

    stage: Stage
    queue_url: str

    def poll(self, *, wait_seconds: int = 1) -> list[BusEvent]:
        """Up to MAX_EVENTS_PER_POLL events since the last call. Waits `wait_seconds` at most for the first."""
        answer = self.stage.client("sqs").receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=MAX_EVENTS_PER_POLL, WaitTimeSeconds=wait_seconds
        )
        return [BusEvent(json.loads(message["Body"])) for message in answer.get("Messages", [])]


@contextmanager
def open_tail(stage: Stage) -> Iterator[Tail]:
    """Open a tail of the stage's bus; its rule and queue are removed when the block ends."""
    sqs, events = stage.client("sqs"), stage.client("events")
    bus = stage.output("Events", "EventBusName")
    remove_tails(stage, older_than_seconds=ABANDONED_SECONDS)
    name = f"{_prefix(stage)}{int(time.time())}-{uuid4().hex[:8]}"
    # A received message stays hidden until its retention ends, so it need not be deleted.
    attributes = {"MessageRetentionPeriod": RETENTION_SECONDS, "VisibilityTimeout": RETENTION_SECONDS}
    queue_url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    try:
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
        _remove(stage, bus, name, queue_url)


def remove_tails(stage: Stage, *, older_than_seconds: float) -> int:
    """Remove the rules and queues of tails that were opened so long ago. Returns the number of tails."""
    bus = stage.output("Events", "EventBusName")
    rules = bus_rules.read(stage, _prefix(stage))
    pages = stage.client("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=_prefix(stage))
    queues = [url for page in pages for url in page.get("QueueUrls", [])]
    urls = {url.rpartition("/")[2]: url for url in queues}
    names = {rule["Name"] for rule in rules} | set(urls)
    old = [name for name in names if _age(name, stage) >= older_than_seconds]
    for name in old:
        _remove(stage, bus, name, urls.get(name))
    return len(old)


def _prefix(stage: Stage) -> str:
    return f"parley-{stage.name}-tail-"


def _age(name: str, stage: Stage) -> float:
    started = name.removeprefix(_prefix(stage)).partition("-")[0]
    return time.time() - int(started) if started.isdigit() else 0.0


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
