"""A stage for unit tests of the tools, with boto3 clients that are stubbed or answered by moto."""

import functools
import threading
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.client import BaseClient
from botocore.stub import Stubber

from ops.stage.stage import Stage

OUTPUTS = {
    "Auth": {"UserPoolId": "us-east-1_Users", "SignInUrl": "https://sign-in.example.com"},
    "Data": {name: name for name in ("MessageIdsTableName", "MessagesTableName")},
    "Events": {
        "EventBusName": "bus",
        "ArchiveName": "archive",
        "ReplayQueueUrl": "https://sqs.us-east-1.amazonaws.com/111122223333/replay",
    },
    "Delivery": {
        "DeliverStateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:deliver",
        "DeliverLogGroupName": "/aws/vendedlogs/states/deliver",
    },
    "Frontend": {"SiteUrl": "https://chat.example.com", "UserPoolClientId": "client"},
}


@functools.cache
def session(region: str = "us-east-1") -> boto3.Session:
    """One session for all stages: each session reads the models of its services again, in tenths of a second."""
    return boto3.Session("tests", "tests", region_name=region)


def deployed_stage(**outputs: dict[str, str]) -> Stage:
    """A deployed stage with OUTPUTS; `outputs` replaces those of the stacks that it names."""
    return Stage(
        name="tests",
        site_url="https://chat.example.com",
        api_url="https://chat.example.com/api",
        websocket_url="wss://socket.example.com/socket",
        outputs={**OUTPUTS, **outputs},
        session=session(),
    )


def stubbed(stage: Stage, service: str) -> Stubber:
    """The activated stubber of the stage's client for a service."""
    stubber = Stubber(stage.client(service))
    stubber.activate()
    return stubber


def call_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let threads take turns to call AWS, because moto is not thread-safe.

    It checks a condition and writes the row in two steps, for example.
    """
    lock, call = threading.RLock(), BaseClient._make_api_call  # type: ignore[attr-defined]

    def call_alone(client: BaseClient, *arguments: Any) -> Any:
        with lock:
            return call(client, *arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call_alone)


def stage_with_leases(account: boto3.Session) -> Stage:
    """A deployed stage whose own table `tickets`, which holds the leases too, is in an account of moto."""
    name = f"tickets-{uuid4()}"
    account.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "ticketHash", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "ticketHash", "AttributeType": "S"}],
    )
    return deployed_stage(Data={"TicketsTableName": name})


def stage_with_dead_letters(account: boto3.Session, *bodies: str) -> Stage:
    """A stage with nothing but a dead-letter queue of deliveries, which holds these, in an account of moto."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=f"dead-deliveries-{uuid4()}")["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return Stage(
        name="tests",
        site_url="",
        api_url="",
        websocket_url="",
        outputs={"Events": {"DeliveryDeadLetterQueueUrl": url}},
        session=account,
        # A local stage: `read` does not wait for more dead letters.
        endpoint_url="https://sqs.us-east-1.amazonaws.com",
    )
