"""The table of members: who is in which channel, how far they have read, and how often they may speak."""

from collections.abc import Iterator
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from functions.aws.clients import dynamodb, table
from functions.aws.transactions import transact
from functions.chat.channels import ChannelRecord, Membership
from functions.chat.rate import RateLimit
from functions.contract.errors import NotAMemberError, RateLimitedError

CONDITION_FAILED = "ConditionalCheckFailedException"
NOT_A_MEMBER = "You are not a member of this channel."


def get(table_name: str, user_id: str, channel_id: str) -> Membership | None:
    """A user's membership, strongly consistent."""
    row = table(table_name).get_item(Key=_key(user_id, channel_id), ConsistentRead=True).get("Item")
    return Membership.model_validate(row) if row else None


def of_user(table_name: str, user_id: str) -> Iterator[Membership]:
    """Every channel that a user is in, strongly consistent."""
    start: dict[str, Any] = {}
    while True:
        page = table(table_name).query(
            KeyConditionExpression=Key("userId").eq(user_id), ConsistentRead=True, **start
        )
        yield from map(Membership.model_validate, page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def page_of_channel(
    table_name: str, channel_id: str, *, limit: int, after_user_id: str | None
) -> tuple[list[Membership], str | None]:
    """A page of a channel's members by userId, and where the next one starts."""
    start: dict[str, Any] = {}
    if after_user_id:
        start = {"ExclusiveStartKey": _key(after_user_id, channel_id)}
    page = table(table_name).query(
        IndexName="byChannel", KeyConditionExpression=Key("channelId").eq(channel_id), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    return [Membership.model_validate(row) for row in page["Items"]], str(last["userId"]) if last else None


def of_channel(table_name: str, channel_id: str) -> Iterator[Membership]:
    """Every member of a channel by userId, as the index knows them: a moment late."""
    after: str | None = None
    while True:
        found, after = page_of_channel(table_name, channel_id, limit=1_000, after_user_id=after)
        yield from found
        if after is None:
            return


def add(members_table: str, channels_table: str, membership: Membership) -> Membership:
    """Put a member into a channel and count them, or find them there already.

    Raises botocore's ClientError if the channel does not exist.
    """
    client = dynamodb().meta.client
    row: Any = membership.model_dump(by_alias=True)
    try:
        transact(
            [
                {
                    "Put": {
                        "TableName": members_table,
                        "Item": row,
                        "ConditionExpression": "attribute_not_exists(userId)",
                    }
                },
                _count(channels_table, membership.channel_id, 1),
            ]
        )
    except client.exceptions.TransactionCanceledException:
        present = get(members_table, membership.user_id, membership.channel_id)
        if present is None:
            raise
        return present
    return membership


def mark_announced(table_name: str, user_id: str, channel_id: str) -> None:
    """The event of the member's joining is on the bus."""
    table(table_name).update_item(
        Key=_key(user_id, channel_id),
        UpdateExpression="SET announced = :yes",
        ConditionExpression=Attr("userId").exists(),
        ExpressionAttributeValues={":yes": True},
    )


def remove(
    members_table: str, channels_table: str, leaver: Membership, *, successor: Membership | None = None
) -> bool:
    """Take a member out of a channel, and make the successor its owner.

    False, and nothing is changed, if the leaver's role is another by now, or either of the two is no member.
    """
    client = dynamodb().meta.client
    writes = [_deletion(members_table, leaver)]
    writes += [_promote_to_owner(members_table, successor)] if successor else []
    counted = _count(channels_table, leaver.channel_id, -1)
    try:
        transact([*writes, counted])
    except client.exceptions.TransactionCanceledException as cancelled:
        reasons: Any = cancelled.response.get("CancellationReasons", ())
        if all(reason.get("Code") != "ConditionalCheckFailed" for reason in reasons[: len(writes)]):
            raise
        return False
    return True


def mark_read(table_name: str, user_id: str, channel_id: str, seq: int) -> bool:
    """Move a read marker forward. False if it was there or further already. Raises NotAMemberError."""
    try:
        table(table_name).update_item(
            Key=_key(user_id, channel_id),
            UpdateExpression="SET readSeq = :seq",
            ConditionExpression=Attr("userId").exists() & Attr("readSeq").lt(seq),
            ExpressionAttributeValues={":seq": seq},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as refusal:
        if _failed_row(refusal) is None:
            raise NotAMemberError(NOT_A_MEMBER) from None
        return False
    return True


def admit(
    table_name: str,
    user_id: str,
    channel_id: str,
    limit: RateLimit,
    *,
    now_ms: int,
    counter: Literal["restedAt", "typingRestedAt"] = "restedAt",
) -> None:
    """Prove membership and count one frame, in one conditional update unless a burst is under way.

    Typing has a counter of its own, so that it takes nothing from what one may say.
    Raises NotAMemberError or RateLimitedError.
    """
    rested = Attr(counter).not_exists() | Attr(counter).lte(now_ms)
    row = _advance(table_name, user_id, channel_id, rested, f"SET {counter} = :value", now_ms + limit.interval_ms)
    while row is not None:
        retry_after_ms = limit.retry_after_ms(int(row[counter]), now_ms)
        if retry_after_ms:
            raise RateLimitedError("You are sending too fast; a short pause helps.", retry_after_ms=retry_after_ms)
        tolerated = Attr(counter).lte(now_ms + limit.tolerance_ms)
        update = f"SET {counter} = {counter} + :value"
        row = _advance(table_name, user_id, channel_id, tolerated, update, limit.interval_ms)


def _advance(
    table_name: str, user_id: str, channel_id: str, condition: Any, update: str, value: int
) -> dict[str, Any] | None:
    """None if the update was taken, else the row that refused it."""
    try:
        table(table_name).update_item(
            Key=_key(user_id, channel_id),
            UpdateExpression=update,
            ConditionExpression=Attr("userId").exists() & condition,
            ExpressionAttributeValues={":value": value},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as refusal:
        row = _failed_row(refusal)
        if row is None:
            raise NotAMemberError(NOT_A_MEMBER) from None
        return row
    return None


def _failed_row(refusal: ClientError) -> dict[str, Any] | None:
    """The row that failed a condition; None if there is none. Any other error is raised again."""
    if refusal.response["Error"]["Code"] != CONDITION_FAILED:
        raise refusal
    item: Any = refusal.response.get("Item")
    if not item:
        return None
    # An error's response is not among what boto3's resource turns into Python values.
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def _deletion(members_table: str, leaver: Membership) -> Any:
    return {
        "Delete": {
            "TableName": members_table,
            "Key": _key(leaver.user_id, leaver.channel_id),
            "ConditionExpression": "#role = :role",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":role": leaver.role},
        }
    }


def _promote_to_owner(members_table: str, successor: Membership) -> Any:
    return {
        "Update": {
            "TableName": members_table,
            "Key": _key(successor.user_id, successor.channel_id),
            "UpdateExpression": "SET #role = :owner",
            "ConditionExpression": "attribute_exists(userId)",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":owner": "owner"},
        }
    }


def _count(channels_table: str, channel_id: str, by: int) -> Any:
    return {
        "Update": {
            "TableName": channels_table,
            "Key": {"channelId": channel_id},
            "UpdateExpression": "ADD memberCount :by",
            "ConditionExpression": "attribute_exists(channelId)",
            "ExpressionAttributeValues": {":by": by},
        }
    }


def _key(user_id: str, channel_id: str) -> dict[str, str]:
    return {"userId": user_id, "channelId": channel_id}


def new(channel: ChannelRecord, user_id: str, *, role: str, joined_at: str) -> Membership:
    """A membership to add; what was said before is not unread."""
    return Membership(
        user_id=user_id,
        channel_id=channel.channel_id,
        role=role,
        joined_at=joined_at,
        read_seq=channel.last_seq,
        announced=False,
    )
