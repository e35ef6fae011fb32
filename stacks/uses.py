"""What a function uses: each entry gives it the settings that name a resource, and exact rights on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from pydantic.alias_generators import to_snake


@dataclass(frozen=True, kw_only=True)
class Use:
    """Settings and environment variables of a function, and its rights: statements and managed policies."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    statements: Sequence[iam.PolicyStatement] = ()
    managed_policies: Sequence[iam.IManagedPolicy] = ()


def table(used: dynamodb.Table, *actions: str) -> Use:
    """A table, for these actions, such as GetItem. The table `Members` is the setting `members_table`."""
    return Use(
        settings={f"{to_snake(used.node.id)}_table": used.table_name},
        statements=[allow(*(f"dynamodb:{action}" for action in actions), on=used.table_arn)],
    )


def index(used: dynamodb.Table, name: str) -> Use:
    """An index of a table, to query it."""
    return Use(statements=[allow("dynamodb:Query", on=f"{used.table_arn}/index/{name}")])


def publish_to(bus: events.IEventBus) -> Use:
    """A bus, to publish events: the setting `bus_name`."""
    return Use(
        settings={"bus_name": bus.event_bus_name},
        statements=[allow("events:PutEvents", on=bus.event_bus_arn)],
    )


def receive_from(queue: sqs.IQueue) -> Use:
    """A queue that Lambda polls for the function, with the function's rights."""
    actions = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
    return Use(statements=[allow(*(f"sqs:{action}" for action in actions), on=queue.queue_arn)])


def allow(*actions: str, on: str) -> iam.PolicyStatement:
    """A statement that allows exactly these actions on exactly this ARN."""
    return iam.PolicyStatement(actions=list(actions), resources=[on])
