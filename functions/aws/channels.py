"""The table `channels`."""

from collections.abc import Iterable, Sequence
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from functions.aws.clients import dynamodb, table
from functions.aws.reads import batch_get
from functions.aws.rows import read, readable
from functions.aws.transactions import transact
from functions.chat.channels import ChannelRecord, Membership
from functions.contract.errors import NameTakenError, UnreadableError
from functions.contract.events import ChannelKind

NAME_PREFIX = "name#"
DAMAGED = "This channel cannot be opened: what is stored about it is damaged. An operator has to repair it."


def get(table_name: str, channel_id: str) -> ChannelRecord | None:
    """Return a channel (strongly consistent read). None if there is none, or if its row cannot be read."""
    row = _stored(table_name, channel_id)
    return read(ChannelRecord, row) if row and not channel_id.startswith(NAME_PREFIX) else None


def get_many(table_name: str, channel_ids: Iterable[str], *, consistent: bool = False) -> dict[str, ChannelRecord]:
    """Return the channels that exist and can be read, by id. Without `consistent`, a new one may be missing."""
    rows = batch_get(table_name, "channelId", channel_ids, consistent=consistent)
    return {record.channel_id: record for record in readable(ChannelRecord, rows)}


def sizes(table_name: str, channel_ids: Iterable[str]) -> dict[str, int]:
    """Return the number of members of each of the channels that exist."""
    return {channel_id: record.member_count for channel_id, record in get_many(table_name, channel_ids).items()}


def create(
    channels_table: str, members_table: str, channel: ChannelRecord, first_members: Sequence[Membership]
) -> ChannelRecord:
    """Store a channel, its first members and its name in one transaction, or return the existing channel.

    Raises NameTakenError if another public channel has the name, and UnreadableError if the channel exists and its
    row cannot be read.
    """
    counted = channel.model_copy(update={"member_count": len(first_members)})
    puts = [_put_new(channels_table, _row(counted))]
    if channel.kind is ChannelKind.PUBLIC:
        puts.append(_put_new(channels_table, _name_row(channel)))
    puts += [_put_new(members_table, member.model_dump(by_alias=True)) for member in first_members]
    try:
        transact(puts)
    except dynamodb().meta.client.exceptions.TransactionCanceledException:
        if row := _stored(channels_table, channel.channel_id):
            if existing := read(ChannelRecord, row):
                return existing
            raise UnreadableError(DAMAGED) from None
        if _has_name(channels_table, channel):
            raise NameTakenError(
                f"The name '{channel.name}' is taken by another public channel; choose another name."
            ) from None
        raise
    return channel


def mark_announced(table_name: str, channel_id: str) -> None:
    """Record that the channel's ChannelCreated event is on the bus."""
    table(table_name).update_item(
        Key={"channelId": channel_id},
        UpdateExpression="SET announced = :yes",
        ConditionExpression=Attr("channelId").exists(),
        ExpressionAttributeValues={":yes": True},
    )


def public_by_name(
    table_name: str, *, limit: int, after: tuple[str, str] | None
) -> tuple[list[ChannelRecord], tuple[str, str] | None]:
    """Return a page of public channels sorted by name, and the (name, channelId) that is `after` for the next."""
    start: dict[str, Any] = {}
    if after:
        key = {"kind": ChannelKind.PUBLIC.value, "name": after[0], "channelId": after[1]}
        start = {"ExclusiveStartKey": key}
    page = table(table_name).query(
        IndexName="byKind", KeyConditionExpression=Key("kind").eq(ChannelKind.PUBLIC.value), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    # The index has keys only; see stacks/data.py.
    ids = [str(row["channelId"]) for row in page["Items"]]
    records = get_many(table_name, ids)
    channels = [records[channel_id] for channel_id in ids if channel_id in records]
    return channels, (str(last["name"]), str(last["channelId"])) if last else None


def _stored(table_name: str, channel_id: str) -> Any:
    """The row as it is stored; None if there is none."""
    return table(table_name).get_item(Key={"channelId": channel_id}, ConsistentRead=True).get("Item")


def _put_new(table_name: str, row: Any) -> Any:
    condition = "attribute_not_exists(channelId)"
    return {"Put": {"TableName": table_name, "Item": row, "ConditionExpression": condition}}


def _name_row(channel: ChannelRecord) -> Any:
    """The row whose key keeps the name of a public channel unique, ignoring case."""
    return {"channelId": NAME_PREFIX + channel.name.casefold(), "namedChannelId": channel.channel_id}


def _has_name(channels_table: str, channel: ChannelRecord) -> bool:
    key = {"channelId": str(_name_row(channel)["channelId"])}
    return "Item" in table(channels_table).get_item(Key=key, ConsistentRead=True)


def _row(channel: ChannelRecord) -> Any:
    row: dict[str, Any] = channel.model_dump(by_alias=True, mode="json")
    # A key of an index must not be empty. Without `name`, a direct channel is not in the index byKind.
    return {key: value for key, value in row.items() if value not in ("", [])}
