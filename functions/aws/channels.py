"""The table of channels."""

from collections.abc import Iterable, Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from functions.aws.clients import dynamodb, table
from functions.aws.transactions import transact
from functions.chat.channels import ChannelRecord, Membership
from functions.contract.errors import NameTakenError
from functions.contract.events import ChannelKind

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


def create(
    channels_table: str, members_table: str, channel: ChannelRecord, first_members: Sequence[Membership]
) -> ChannelRecord:
    """Store a channel with its first members and its name, all or nothing, or find it there already.

    Raises NameTakenError if another public channel has its name.
    """
    counted = channel.model_copy(update={"member_count": len(first_members)})
    puts = [_put_new(channels_table, _row(counted))]
    if channel.kind is ChannelKind.PUBLIC:
        puts.append(_put_new(channels_table, _name_row(channel)))
    puts += [_put_new(members_table, member.model_dump(by_alias=True)) for member in first_members]
    try:
        transact(puts)
    except dynamodb().meta.client.exceptions.TransactionCanceledException:
        if existing := get(channels_table, channel.channel_id):
            return existing
        if _has_name(channels_table, channel):
            raise NameTakenError(f"There is a channel named '{channel.name}' already.") from None
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


def _put_new(table_name: str, row: Any) -> Any:
    condition = "attribute_not_exists(channelId)"
    return {"Put": {"TableName": table_name, "Item": row, "ConditionExpression": condition}}


def _name_row(channel: ChannelRecord) -> Any:
    """What keeps a public name unique, whatever its case."""
    return {"channelId": NAME_PREFIX + channel.name.casefold(), "namedChannelId": channel.channel_id}


def _has_name(channels_table: str, channel: ChannelRecord) -> bool:
    key = {"channelId": str(_name_row(channel)["channelId"])}
    return "Item" in table(channels_table).get_item(Key=key, ConsistentRead=True)


def _row(channel: ChannelRecord) -> Any:
    row: dict[str, Any] = channel.model_dump(by_alias=True, mode="json")
    # An index takes no empty key, and people's own channels are in no directory.
    return {key: value for key, value in row.items() if value not in ("", [])}
