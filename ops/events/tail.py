"""Live events, as they are published: a rule and a queue for as long as somebody watches.

The stage itself keeps neither, so nothing costs anything while nobody looks. Whoever is killed before tidying up
leaves both behind; the next tail of the same stage removes what is older than a day.
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
from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

FORGOTTEN_SECONDS = 86_400
MAX_EVENTS_PER_POLL = 10
KEPT_SECONDS = "300"
TARGET_ID = "tail"


@dataclass(frozen=True)
class Tail:
    """An open tail."""

    stage: Stage
    queue_url: str

    def poll(self, *, wait_seconds: int = 1) -> list[BusEvent]:
        """What came since the last time; waits a little for something to come."""
        answer = self.stage.client("sqs").receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=MAX_EVENTS_PER_POLL, WaitTimeSeconds=wait_seconds
        )
        return [BusEvent(json.loads(message["Body"])) for message in answer.get("Messages", [])]


@contextmanager
def open_tail(stage: Stage) -> Iterator[Tail]:
    """A tail of the stage's bus, gone when the block ends."""
    sqs, events = stage.client("sqs"), stage.client("events")
    bus = stage.output("Events", "EventBusName")
    remove_forgotten(stage)
    name = f"{_prefix(stage)}{int(time.time())}-{uuid4().hex[:8]}"
    # A message that was received stays out of sight until the queue drops it, so none need be deleted.
    kept = {"MessageRetentionPeriod": KEPT_SECONDS, "VisibilityTimeout": KEPT_SECONDS}
    queue_url = sqs.create_queue(QueueName=name, Attributes=kept)["QueueUrl"]
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


def remove_forgotten(stage: Stage) -> int:
    """Remove what tails that were killed left behind. Returns how many there were."""
    bus = stage.output("Events", "EventBusName")
    rules = stage.client("events").list_rules(NamePrefix=_prefix(stage), EventBusName=bus)["Rules"]
    queues = stage.client("sqs").list_queues(QueueNamePrefix=_prefix(stage)).get("QueueUrls", [])
    urls = {url.rpartition("/")[2]: url for url in queues}
    names = {rule["Name"] for rule in rules} | set(urls)
    forgotten = [name for name in names if _age(name, stage) > FORGOTTEN_SECONDS]
    for name in forgotten:
        _remove(stage, bus, name, urls.get(name))
    return len(forgotten)


def _prefix(stage: Stage) -> str:
    return f"parley-{stage.name}-tail-"


def _age(name: str, stage: Stage) -> float:
    started = name.removeprefix(_prefix(stage)).partition("-")[0]
    return time.time() - int(started) if started.isdigit() else 0.0


def _remove(stage: Stage, bus: str, name: str, queue_url: str | None) -> None:
    """Rule first, so that nothing is sent to a queue that is gone."""
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
        except ClientError as refusal:
            if "NotFound" not in refusal.response["Error"]["Code"] and "NonExistent" not in str(refusal):
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
