"""Runs the deployed workflow `deliver` with events of the tests, in the stage's engine and in a second one."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from sfnx.testing import Failure

from tests.local_stage import TestStage
from tests.second_engine import Run, SecondEngine
from tests.waiting import wait_until


class Workflow:
    """Starts runs on the stage, and reads what they wrote."""

    def __init__(self, stage: TestStage) -> None:
        self.stage = stage
        self.state_machine_arn = stage.output("Delivery", "DeliverStateMachineArn")
        self.step_functions = stage.client("stepfunctions")

    def run(self, event: dict[str, Any], **more: Any) -> Run:
        """Start a run with an event and wait until it ends."""
        started = self.step_functions.start_execution(
            stateMachineArn=self.state_machine_arn, name=str(uuid4()), input=json.dumps({**event, **more})
        )
        arn = started["executionArn"]

        def ended() -> dict[str, Any] | None:
            described: dict[str, Any] = self.step_functions.describe_execution(executionArn=arn)
            return None if described["status"] == "RUNNING" else described

        description = wait_until(ended, "the run had ended")
        assert description is not None
        history = self.step_functions.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        states = [
            event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event
        ]
        output = json.loads(description["output"]) if description.get("output") else None
        return Run(description["status"], output, description.get("error"), states)

    @property
    def is_second_engine(self) -> bool:
        """Whether runs are of another engine than the stage's."""
        return False

    def table(self, name: str) -> Any:
        """A table of the stage, by the name of its output."""
        return self.stage.table(name)

    def channel(self, *, last_seq: int = 0) -> str:
        """Put a channel into the table, and return its id."""
        channel_id = f"test-{uuid4()}"
        self.table("Channels").put_item(
            Item={
                "channelId": channel_id,
                "kind": "private",
                "name": "test",
                "createdAt": "2026-11-24T09:00:00.000Z",
                "createdBy": "u-1",
                "lastSeq": last_seq,
            }
        )
        return channel_id

    def subscribe(self, channel_id: str, count: int, *, expires_in: int = 600) -> list[str]:
        """Put subscriptions of connections that do not exist, and return the connections' ids."""
        ids = [f"stale-{uuid4()}" for _ in range(count)]
        with self.table("Subscriptions").batch_writer() as batch:
            for connection_id in ids:
                batch.put_item(
                    Item={
                        "channelId": channel_id,
                        "connectionId": connection_id,
                        "userId": "u-1",
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
        """The dead letters of these events, read from the delivery queue until one of the last event arrives.

        Every dead letter that is read is removed from the queue.
        """
        sqs = self.stage.client("sqs")
        url = self.stage.output("Events", "DeliveryDeadLetterQueueUrl")
        dead_letters: list[dict[str, Any]] = []

        def has_arrived() -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                dead_letters.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return any(dead_letter["event"].get("id") == event_ids[-1] for dead_letter in dead_letters)

        wait_until(has_arrived, f"a dead letter of {event_ids[-1]} was in the dead-letter queue", every=0)
        return [dead_letter for dead_letter in dead_letters if dead_letter["event"].get("id") in event_ids]


class SecondWorkflow(Workflow):
    """The stage's definition in the second engine, with the stage's tables, function and queue."""

    def __init__(self, stage: TestStage) -> None:
        super().__init__(stage)
        described = self.step_functions.describe_state_machine(stateMachineArn=self.state_machine_arn)
        self._functions = stage.client("lambda")
        self.engine = SecondEngine(json.loads(described["definition"]), stage.client, self._invoke)

    @property
    def is_second_engine(self) -> bool:
        """Whether runs are of another engine than the stage's."""
        return True

    def run(self, event: dict[str, Any], **more: Any) -> Run:
        """Run an event to its end."""
        return self.engine.run({**event, **more})

    def _invoke(self, function: str, payload: dict[str, Any]) -> Any:
        answer = self._functions.invoke(FunctionName=function, Payload=json.dumps(payload))
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Failure(result["errorType"], json.dumps(result))
        return result


@pytest.fixture(params=[Workflow, SecondWorkflow], ids=["stage", "sfnx"])
def workflow(request: pytest.FixtureRequest, stage: TestStage) -> Workflow:
    """The workflow of the stage under test, in each engine."""
    workflow: Workflow = request.param(stage)
    return workflow
