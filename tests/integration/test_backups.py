"""The point-in-time recovery of docs/operations.md: restore to a second table, and copy missing rows back."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import wait_until

pytestmark = pytest.mark.anyio


def rows(table: Any, channel_id: str) -> list[dict[str, Any]]:
    """A channel's stored messages."""
    items: list[dict[str, Any]] = table.query(
        KeyConditionExpression="channelId = :channelId",
        ExpressionAttributeValues={":channelId": channel_id},
        ConsistentRead=True,
    )["Items"]
    return items


async def test_deleted_messages_are_restored_from_a_point_in_time(stage: TestStage, new_client: NewClient):
    """Deleted rows are copied back from the restored table, and the history is complete again."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"restore {uuid4()}", "kind": "private"})
    channel_id = channel["channelId"]
    for number in range(3):
        ack = await dora.send_message(f"kept {number}", channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])

    client, name = stage.client("dynamodb"), stage.output("Data", "MessagesTableName")
    client.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    restored_name = f"restored-{uuid4().hex[:12]}"
    client.restore_table_to_point_in_time(
        SourceTableName=name, TargetTableName=restored_name, UseLatestRestorableTime=True
    )
    wait_until(
        lambda: client.describe_table(TableName=restored_name)["Table"]["TableStatus"] == "ACTIVE",
        "the restored table could be read",
    )
    tables = stage.resource("dynamodb")
    messages, restored = tables.Table(name), tables.Table(restored_name)
    try:
        messages.delete_item(Key={"channelId": channel_id, "seq": 2})
        assert len((await dora.api.get(f"/channels/{channel_id}/messages"))["items"]) == 2
        for row in rows(restored, channel_id):
            try:
                messages.put_item(Item=row, ConditionExpression="attribute_not_exists(seq)")
            except client.exceptions.ConditionalCheckFailedException:
                continue
        page = await dora.api.get(f"/channels/{channel_id}/messages")
        assert [item["text"] for item in page["items"]] == ["kept 0", "kept 1", "kept 2"]
    finally:
        client.delete_table(TableName=restored_name)
