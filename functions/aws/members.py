"""The table `members`: memberships, read markers, and the counters of the rate limit."""

from collections.abc import Iterator
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from functions.aws import direct_calls
from functions.aws.clients import dynamodb, table
from functions.aws.reads import paginate
from functions.aws.rows import number_in, read, readable
from functions.aws.transactions import failed_row, is_first_refused, transact
from functions.chat.channels import ChannelRecord, ListedMember, Membership
from functions.chat.rate import RateLimit
from functions.contract.errors import NotAMemberError, RateLimitedError, UnreadableError
from functions.contract.model import Role

NOT_A_MEMBER = "You are not a member of this channel."
DAMAGED = "What is stored about this membership is damaged. An operator has to repair it."
MAX_REMEMBERED_BURSTS = 1_000

_bursts: dict[tuple[str, str, str], int] = {}
"""When the counter of a member whom this process admitted is at rest: (counter, userId, channelId) → epoch ms."""


def get(table_name: str, user_id: str, channel_id: str) -> Membership | None:
    """Return a user's membership (strongly consistent read). None if there is none, or its row cannot be read."""
    row = table(table_name).get_item(Key=_key(user_id, channel_id), ConsistentRead=True).get("Item")
    return read(Membership, row) if row else None


def of_user(table_name: str, user_id: str) -> Iterator[Membership]:
    """Return all memberships of a user that can be read (strongly consistent read)."""
    rows = paginate(table(table_name).query, KeyConditionExpression=Key("userId").eq(user_id), ConsistentRead=True)
    return readable(Membership, rows)


def count_of_user(table_name: str, user_id: str, *, limit: int) -> int:
    """Return the number of a user's memberships, or `limit` if there are more (eventually consistent read)."""
    found = table(table_name).query(KeyConditionExpression=Key("userId").eq(user_id), Select="COUNT", Limit=limit)
    return int(found["Count"])


def page_of_channel(
    table_name: str, channel_id: str, *, limit: int, after_user_id: str | None
) -> tuple[list[ListedMember], int, str | None]:
    """Return a page of a channel's members sorted by userId, and `after_user_id` for the next (None: no more).

    The number between them is that of unreadable rows, which are left out.
    """
    start: dict[str, Any] = {}
    if after_user_id:
        start = {"ExclusiveStartKey": _key(after_user_id, channel_id)}
    page = table(table_name).query(
        IndexName="byChannel", KeyConditionExpression=Key("channelId").eq(channel_id), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    listed = list(readable(ListedMember, page["Items"]))
    return listed, len(page["Items"]) - len(listed), str(last["userId"]) if last else None


def of_channel(table_name: str, channel_id: str) -> Iterator[ListedMember]:
    """Return all members of a channel sorted by userId. The index is eventually consistent."""
    rows = paginate(
        table(table_name).query, IndexName="byChannel", KeyConditionExpression=Key("channelId").eq(channel_id)
    )
    return readable(ListedMember, rows)


def add(members_table: str, channels_table: str, membership: Membership) -> Membership:
    """Store a membership and add it to the channel's member count. Return the existing membership if there is one.

    Raises UnreadableError if there is one that cannot be read, and botocore's ClientError if the channel does not
    exist.
    """
    client = dynamodb().meta.client
    row: Any = membership.model_dump(by_alias=True, mode="json")
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
    except client.exceptions.TransactionCanceledException as cancelled:
        present = get(members_table, membership.user_id, membership.channel_id)
        if present is None and is_first_refused(cancelled):
            raise UnreadableError(DAMAGED) from None
        if present is None:
            raise
        return present
    return membership


def mark_announced(table_name: str, user_id: str, channel_id: str) -> None:
    """Record that the membership's MemberJoined event is on the bus."""
    table(table_name).update_item(
        Key=_key(user_id, channel_id),
        UpdateExpression="SET announced = :yes",
        ConditionExpression=Attr("userId").exists(),
        ExpressionAttributeValues={":yes": True},
    )


def remove(
    members_table: str, channels_table: str, leaver: Membership, *, new_owner: Membership | None = None
) -> bool:
    """Delete a membership and promote the new owner, in one transaction.

    Returns False, with nothing changed, if the leaver's role has changed, or one of the two is no longer a member,
    also if the leaver has joined again.
    """
    client = dynamodb().meta.client
    writes = [_deletion(members_table, leaver)]
    writes += [_promote_to_owner(members_table, new_owner)] if new_owner else []
    decrement = _count(channels_table, leaver.channel_id, -1)
    try:
        transact([*writes, decrement])
    except client.exceptions.TransactionCanceledException as cancelled:
        reasons: Any = cancelled.response.get("CancellationReasons", ())
        if all(reason.get("Code") != "ConditionalCheckFailed" for reason in reasons[: len(writes)]):
            raise
        return False
    return True


def mark_read(table_name: str, user_id: str, channel_id: str, seq: int) -> bool:
    """Move a read marker forward. Return False if it is at `seq` or beyond. Raises NotAMemberError."""
    try:
        table(table_name).update_item(
            Key=_key(user_id, channel_id),
            UpdateExpression="SET readSeq = :seq",
            ConditionExpression=Attr("userId").exists() & Attr("readSeq").lt(seq),
            ExpressionAttributeValues={":seq": seq},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as refusal:
        if failed_row(refusal) is None:
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
    """Check membership and the rate limit, and count one frame.

    This is one conditional update, or two if the member uses a burst and this process does not remember it.
    Typing has a separate counter, so that it does not use up the rate of messages. Raises NotAMemberError or
    RateLimitedError.
    """
    # No counter, or one that is damaged, is at rest.
    rested = (
        f"SET {counter} = :value",
        f"(NOT attribute_type({counter}, :number) OR {counter} <= :now)",
        {":value": now_ms + limit.interval_ms, ":number": "N", ":now": now_ms},
    )
    in_a_burst = (
        f"SET {counter} = {counter} + :value",
        f"{counter} > :now AND {counter} <= :latest",
        {":value": limit.interval_ms, ":now": now_ms, ":latest": now_ms + limit.tolerance_ms},
    )
    member = (counter, user_id, channel_id)
    # The update that probably succeeds is tried first. Both can fail because of a concurrent frame.
    updates = (in_a_burst, rested) if _bursts.get(member, 0) > now_ms else (rested, in_a_burst)
    while True:
        for update, condition, values in updates:
            is_admitted, row = _advance(table_name, user_id, channel_id, update, condition, values)
            rested_at_ms = number_in(row, counter)
            if is_admitted:
                _remember(member, rested_at_ms)
                return
            retry_after_ms = limit.retry_after_ms(rested_at_ms, now_ms)
            if retry_after_ms:
                raise RateLimitedError(
                    "You are sending too fast. Wait a moment, then try again.", retry_after_ms=retry_after_ms
                )


def _remember(member: tuple[str, str, str], rested_at_ms: int) -> None:
    if len(_bursts) >= MAX_REMEMBERED_BURSTS:
        _bursts.clear()
    _bursts[member] = rested_at_ms


def _advance(
    table_name: str, user_id: str, channel_id: str, update: str, condition: str, values: dict[str, Any]
) -> tuple[bool, dict[str, Any]]:
    """Update a member's row. Return whether it satisfied the condition, with the new values or the old row."""
    try:
        updated = direct_calls.call(
            table(table_name).update_item,
            Key=_key(user_id, channel_id),
            UpdateExpression=update,
            # As text, because `direct_calls` sends it as it is.
            ConditionExpression=f"attribute_exists(userId) AND {condition}",
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as refusal:
        row = failed_row(refusal)
        if row is None:
            raise NotAMemberError(NOT_A_MEMBER) from None
        return False, row
    return True, dict(updated["Attributes"])


def _deletion(members_table: str, leaver: Membership) -> Any:
    return {
        "Delete": {
            "TableName": members_table,
            "Key": _key(leaver.user_id, leaver.channel_id),
            "ConditionExpression": "#role = :role AND joinedAt = :joined",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":role": leaver.role.value, ":joined": leaver.joined_at},
        }
    }


def _promote_to_owner(members_table: str, member: Membership) -> Any:
    return {
        "Update": {
            "TableName": members_table,
            "Key": _key(member.user_id, member.channel_id),
            "UpdateExpression": "SET #role = :owner",
            "ConditionExpression": "attribute_exists(userId)",
            "ExpressionAttributeNames": {"#role": "role"},
            "ExpressionAttributeValues": {":owner": Role.OWNER.value},
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


def new(channel: ChannelRecord, user_id: str, *, role: Role, joined_at: str) -> Membership:
    """Return a membership to add. Earlier messages count as read."""
    return Membership(
        user_id=user_id,
        channel_id=channel.channel_id,
        role=role,
        joined_at=joined_at,
        read_seq=channel.last_seq,
        announced=False,
    )
