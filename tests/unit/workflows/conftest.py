"""Runs the workflow's definition in the second engine, on mocked tables and a mocked queue."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
from sfnx.testing import Call, Failure

from tests.second_engine import Run, SecondEngine, with_names
from tests.unit.builders import NOW_MS
from tests.unit.stage import Stage
from tests.workflow_cases import CASES

CHANNEL_ID = "c-1"


@cache
def client(service: str) -> Any:
    """A client of mocked AWS."""
    return boto3.client(service)  # type: ignore[call-overload]


class Deliver:
    """The workflow, its tables and its dead letters."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._sqs = client("sqs")
        self._url = self._sqs.create_queue(QueueName=f"dead-letters-{uuid4()}")["QueueUrl"]
        self.posts: list[list[str]] = []
        """The connections of each batch that was posted."""
        self.invoke: Callable[[dict[str, Any]], Any] = self._delivered
        self.engine = SecondEngine(with_names(self._name), client, lambda _, payload: self.invoke(payload))

    def _name(self, placeholder: str) -> str:
        if placeholder.endswith("Table"):
            return placeholder[0].lower() + placeholder[1:].removesuffix("Table")
        return self._url if placeholder.endswith("Url") else "arn:aws:lambda:us-east-1:123456789012:function:post"

    def _delivered(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.posts.append(payload["connectionIds"])
        return {"delivered": len(payload["connectionIds"]), "gone": 0, "undelivered": []}

    def run(self, event: dict[str, Any], *, fault: Callable[[Call], None] = lambda _: None, **more: Any) -> Run:
        """Run the workflow with an event."""
        return self.engine.run({**event, **more}, fault=fault)

    def prepared(self, case: str) -> dict[str, Any]:
        """Prepare a case in the channel, with two subscribed connections, and return its event."""
        self.subscribe("a", "b")
        event = CASES[case](CHANNEL_ID, self.run, self.table)
        self.posts.clear()
        return event

    def table(self, name: str) -> Any:
        """A table by its name: `Messages`."""
        return self.stage.dynamodb.Table(name[0].lower() + name[1:])

    def subscribe(self, *connection_ids: str, channel_id: str = CHANNEL_ID) -> None:
        """Subscribe connections to a channel."""
        expires_at = NOW_MS // 1000 + 10_000_000
        table = self.stage.dynamodb.Table("subscriptions")
        with table.batch_writer() as batch:
            for connection_id in connection_ids:
                row = {
                    "channelId": channel_id,
                    "connectionId": connection_id,
                    "userId": "u",
                    "expiresAt": expires_at,
                }
                batch.put_item(Item=row)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Take all dead letters from the queue."""
        letters: list[dict[str, Any]] = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                letters.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return letters


class Failing:
    """A fault: the tasks of a state fail with an error, `times` times."""

    def __init__(self, state: str, error: str, cause: str = "injected", *, times: float = 1) -> None:
        self.state, self.error, self.cause, self.left = state, error, cause, times

    def __call__(self, call: Call) -> None:
        if call.state == self.state and self.left > 0:
            self.left -= 1
            raise Failure(self.error, self.cause)


@pytest.fixture
def deliver(stage: Stage) -> Deliver:
    """The workflow `deliver` in the second engine, with an empty channel."""
    stage.fill(write_channel)
    return Deliver(stage)


def write_channel(stage: Stage) -> None:
    """Write the row of an empty channel."""
    stage.put("channels", channelId=CHANNEL_ID, kind="private", name="tea", lastSeq=0)
