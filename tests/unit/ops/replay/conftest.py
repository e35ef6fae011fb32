"""A stage whose tables are mocked, empty at the start of each test."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from ops.replay import counters
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage
from tests.unit.stage import clear_tables

KEYS = {
    "Channels": ("channelId",),
    "Members": ("userId", "channelId"),
    "Messages": ("channelId", "seq"),
    "MessageIds": ("messageId",),
    "Connections": ("userId", "connectionId"),
    "Subscriptions": ("channelId", "connectionId"),
    "TextKeys": ("userId",),
    "Reactions": ("channelId", "reactionKey"),
    "Users": ("userId",),
    "Tickets": ("ticketHash",),
}


@pytest.fixture(scope="package")
def tables_of_module() -> Iterator[Stage]:
    """A stage whose tables are mocked; other tests of the process have mocked tables too."""
    with mock_aws():
        suffix = uuid4().hex
        stage = deployed_stage(Data={f"{name}TableName": f"{name}-{suffix}" for name in KEYS})
        client: Any = boto3.client("dynamodb", region_name="us-east-1")
        for name, keys in KEYS.items():
            attributes = [{"AttributeName": key, "AttributeType": "N" if key == "seq" else "S"} for key in keys]
            request: dict[str, Any] = {"KeySchema": schema(keys), "AttributeDefinitions": attributes}
            if name == "Members":
                by_channel = {"IndexName": "byChannel", "KeySchema": schema(("channelId", "userId"))}
                request["GlobalSecondaryIndexes"] = [{**by_channel, "Projection": {"ProjectionType": "KEYS_ONLY"}}]
            client.create_table(TableName=f"{name}-{suffix}", BillingMode="PAY_PER_REQUEST", **request)
        yield stage


@pytest.fixture(autouse=True)
def _index_without_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's indexes are current."""
    monkeypatch.setattr(counters, "INDEX_SECONDS", 0.0)


@pytest.fixture
def stage(tables_of_module: Stage) -> Stage:
    """A stage whose tables are empty."""
    clear_tables()
    return tables_of_module


def schema(keys: tuple[str, ...]) -> list[dict[str, str]]:
    """The key schema of a table or an index."""
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": key, "KeyType": kinds[number]} for number, key in enumerate(keys)]
