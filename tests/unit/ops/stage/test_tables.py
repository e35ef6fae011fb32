"""Whole tables are read in concurrent segments, up to a limit."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from ops.errors import BadRequestError
from ops.stage import tables
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage


def filled(count: int) -> Stage:
    """A stage whose table of message ids has `count` rows."""
    name = f"message-ids-{uuid4()}"
    boto3.client("dynamodb", region_name="us-east-1").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "messageId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "messageId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    stage = deployed_stage(Data={"MessageIdsTableName": name})
    for number in range(count):
        stage.table("MessageIds").put_item(Item={"messageId": str(number)})
    return stage


@mock_aws
def test_every_row_is_read_once():
    """Whatever its segment."""
    rows = tables.scan(filled(30), "MessageIds")
    assert sorted(int(row["messageId"]) for row in rows) == list(range(30))


@mock_aws
def test_a_table_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch):
    """It would not fit into memory; the message says what to do."""
    monkeypatch.setattr(tables, "MAX_ROWS", 10)
    with pytest.raises(BadRequestError, match="--channel"):
        tables.scan(filled(30), "MessageIds")


def test_each_thread_has_one_object_for_a_table():
    """boto3's resources are not thread-safe."""
    stage = deployed_stage(Data={"MessageIdsTableName": "ids", "MembersTableName": "members"})
    table = stage.table("MessageIds")
    assert stage.table("MessageIds") is table
    assert stage.table("Members").name == "members"
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(stage.table, "MessageIds").result() is not table
