"""The deployed workflow `deliver`, run with events of the tests' own making."""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.local_stage import TestStage
from tests.waiting import wait_until


@dataclass(frozen=True)
class Run:
    """A finished execution: how it ended, and the states it entered, in order."""

    status: str
    output: dict[str, Any] | None
    error: str | None
    states: list[str]


class Workflow:
    """Starts executions on the local stage, and looks at what they leave behind."""

    def __init__(self, stage: TestStage) -> None:
        self.stage = stage
        self.machine = stage.output("Delivery", "DeliverStateMachineArn")
        self.states = stage.client("stepfunctions")

    def run(self, event: dict[str, Any], **more: Any) -> Run:
        """Run an event through the workflow and wait for its end."""
        started = self.states.start_execution(
            stateMachineArn=self.machine, name=str(uuid4()), input=json.dumps({**event, **more})
        )
        arn = started["executionArn"]

        def look() -> dict[str, Any] | None:
            described: dict[str, Any] = self.states.describe_execution(executionArn=arn)
            return None if described["status"] == "RUNNING" else described

        found = wait_until(look, "the execution had ended")
        assert found is not None
        history = self.states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [
            each["stateEnteredEventDetails"]["name"] for each in history if "stateEnteredEventDetails" in each
        ]
        output = json.loads(found["output"]) if found.get("output") else None
        return Run(found["status"], output, found.get("error"), entered)

    def table(self, name: str) -> Any:
        """A table of the stage, by the name of its output."""
        return self.stage.resource("dynamodb").Table(self.stage.output("Data", f"{name}TableName"))

    def channel(self, *, last_seq: int = 0) -> str:
        """A channel row to deliver to."""
        channel_id = f"test-{uuid4()}"
        self.table("Channels").put_item(
            Item={
                "channelId": channel_id,
                "kind": "private",
                "name": "test",
                "createdAt": "2026-11-24T09:00:00.000Z",
                "createdBy": "somebody",
                "lastSeq": last_seq,
            }
        )
        return channel_id

    def subscribe(self, channel_id: str, count: int, *, expires_in: int = 600) -> list[str]:
        """Subscriptions of connections that do not exist."""
        ids = [f"ghost-{uuid4()}" for _ in range(count)]
        with self.table("Subscriptions").batch_writer() as batch:
            for connection_id in ids:
                batch.put_item(
                    Item={
                        "channelId": channel_id,
                        "connectionId": connection_id,
                        "userId": "ghost",
                        "expiresAt": int(time.time()) + expires_in,
                    }
                )
        return ids

    def subscribed(self, channel_id: str) -> set[str]:
        """The connections that a channel's subscriptions name."""
        pages = (
            self.stage.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table("Subscriptions").name,
                KeyConditionExpression="channelId = :channelId",
                ExpressionAttributeValues={":channelId": {"S": channel_id}},
            )
        )
        return {row["connectionId"]["S"] for page in pages for row in page["Items"]}

    def dead_letters_of(self, *event_ids: str) -> list[dict[str, Any]]:
        """The letters in the delivery dead-letter queue that are of these events, up to the first of the last one.

        Every letter on the way there is removed.
        """
        sqs = self.stage.client("sqs")
        url = self.stage.output("Events", "DeliveryDeadLetterQueueUrl")
        found: list[dict[str, Any]] = []

        def look() -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return any(letter["event"].get("id") == event_ids[-1] for letter in found)

        wait_until(look, f"a letter of {event_ids[-1]} was in the dead-letter queue", every=0)
        return [letter for letter in found if letter["event"].get("id") in event_ids]


@pytest.fixture
def workflow(stage: TestStage) -> Workflow:
    """The workflow of the local stage."""
    return Workflow(stage)


def message_sent(channel_id: str, **changes: Any) -> dict[str, Any]:
    """A MessageSent as EventBridge hands it to the workflow."""
    data = {
        "messageId": str(uuid4()),
        "clientMessageId": str(uuid4()),
        "channelId": channel_id,
        "sender": {"userId": "u-1", "displayName": "Dora"},
        "text": "Hello, World",
        "sentAt": "2026-11-24T09:30:00.000Z",
        **changes,
    }
    return event("MessageSent", data)


def event(detail_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Any event as EventBridge hands it to the workflow."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": detail_type,
        "source": "parley",
        "account": "000000000000",
        "time": "2026-11-24T09:30:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "metadata": {
                "eventId": str(uuid4()),
                "occurredAt": "2026-11-24T09:30:00.000Z",
                "schemaVersion": 1,
                "actor": "u-1",
                "correlationId": "c-1",
            },
            "data": data,
        },
    }
