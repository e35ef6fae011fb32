"""The table of channels."""

from collections.abc import Iterable
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from functions.aws.clients import dynamodb, table
from functions.aws.members import CONDITION_FAILED
from functions.aws.transactions import transact
from functions.chat.channels import ChannelRecord
from functions.chat.errors import NameTaken
from functions.chat.events import ChannelKind

BATCH_GET = 100
NAME_PREFIX = "name#"


def get(table_name: str, channel_id: str) -> ChannelRecord | None:
    """One channel, strongly consistent."""
    row = table(table_name).get_item(Key={"channelId": channel_id}, ConsistentRead=True).get("Item")
    return ChannelRecord.model_validate(row) if row and "kind" in row else None


def get_many(table_name: str, channel_ids: Iterable[str]) -> dict[str, ChannelRecord]:
    """Channels by id, however many; those that are not there are left out."""
    wanted = list(dict.fromkeys(channel_ids))
    found: dict[str, ChannelRecord] = {}
    for start in range(0, len(wanted), BATCH_GET):
        request: Any = {
            table_name: {"Keys": [{"channelId": channel_id} for channel_id in wanted[start : start + BATCH_GET]]}
        }
        while request:
            answer = dynamodb().batch_get_item(RequestItems=request)
            for row in answer["Responses"].get(table_name, []):
                found[str(row["channelId"])] = ChannelRecord.model_validate(row)
            request = answer.get("UnprocessedKeys")
    return found


def create(table_name: str, channel: ChannelRecord) -> ChannelRecord:
    """Store a channel, or find it there already. Raises NameTaken if another public one has its name."""
    if channel.kind is not ChannelKind.PUBLIC:
        return channel if _put(table_name, channel) else _existing(table_name, channel.channel_id)
    client = dynamodb().meta.client
    name_row: Any = {
        "channelId": NAME_PREFIX + channel.name.casefold(),
        "namedChannelId": channel.channel_id,
    }
    row: Any = _row(channel)
    try:
        transact(
            [
                {
                    "Put": {
                        "TableName": table_name,
                        "Item": item,
                        "ConditionExpression": "attribute_not_exists(channelId)",
                    }
                }
                for item in (row, name_row)
            ]
        )
    except client.exceptions.TransactionCanceledException:
        if existing := get(table_name, channel.channel_id):
            return existing
        if "Item" in table(table_name).get_item(Key={"channelId": name_row["channelId"]}, ConsistentRead=True):
            raise NameTaken(f"There is a channel named '{channel.name}' already.") from None
        raise
    return channel


def mark_announced(table_name: str, channel_id: str) -> None:
    """The event of the channel's creation is on the bus."""
    table(table_name).update_item(
        Key={"channelId": channel_id},
        UpdateExpression="SET announced = :yes",
        ConditionExpression=Attr("channelId").exists(),
        ExpressionAttributeValues={":yes": True},
    )


def public_by_name(
    table_name: str, *, limit: int, after: tuple[str, str] | None
) -> tuple[list[ChannelRecord], tuple[str, str] | None]:
    """A page of public channels by name, and the (name, channelId) that the next one starts after."""
    start: dict[str, Any] = {}
    if after:
        key = {"kind": ChannelKind.PUBLIC.value, "name": after[0], "channelId": after[1]}
        start = {"ExclusiveStartKey": key}
    page = table(table_name).query(
        IndexName="byKind", KeyConditionExpression=Key("kind").eq(ChannelKind.PUBLIC.value), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    found = [ChannelRecord.model_validate(row) for row in page["Items"]]
    return found, (str(last["name"]), str(last["channelId"])) if last else None


def _existing(table_name: str, channel_id: str) -> ChannelRecord:
    existing = get(table_name, channel_id)
    if existing is None:
        raise LookupError(f"the channel {channel_id} exists and does not")
    return existing


def _put(table_name: str, channel: ChannelRecord) -> bool:
    try:
        table(table_name).put_item(Item=_row(channel), ConditionExpression=Attr("channelId").not_exists())
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != CONDITION_FAILED:
            raise
        return False
    return True


def _row(channel: ChannelRecord) -> Any:
    row: dict[str, Any] = channel.model_dump(by_alias=True, mode="json")
    # An index takes no empty key, and people's own channels are in no directory.
    return {key: value for key, value in row.items() if value not in ("", [])}
