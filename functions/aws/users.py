"""The table `users`: the directory, and each user's presence as it was last broadcast."""

from collections.abc import Iterable
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key
from botocore.exceptions import ClientError

from functions.aws.clients import table
from functions.aws.reads import batch_get
from functions.aws.rows import read
from functions.aws.transactions import is_condition_failure
from functions.contract.errors import SessionExpiredError
from functions.contract.model import timestamp
from functions.contract.resources import User
from functions.contract.rows import UserRow

DIRECTORY = "everyone"
UNREADABLE_NAME = "Unreadable user"


class UnreadableUser(User):
    """A user whose row cannot be read: only the id is known."""


class ErasedUser(User):
    """A user who was erased: their memberships are left, and belong to no account."""


def get(table_name: str, user_id: str, *, now_ms: int) -> User | None:
    """Return a user (strongly consistent read), or None.

    UnreadableUser if the row cannot be read, ErasedUser if the user was erased.
    """
    item = table(table_name).get_item(Key={"userId": user_id}, ConsistentRead=True).get("Item")
    return _user(user_id, item, now_ms) if item else None


def get_many(table_name: str, user_ids: Iterable[str], *, now_ms: int) -> dict[str, User]:
    """Return the users that exist, by id. One whose row cannot be read is an UnreadableUser."""
    items = batch_get(table_name, "userId", user_ids)
    return {str(item["userId"]): _user(str(item["userId"]), item, now_ms) for item in items}


def add(table_name: str, *, user_id: str, username: str, display_name: str, created_at: str) -> None:
    """Add a user to the directory, if they are not in it."""
    try:
        table(table_name).put_item(
            Item={
                "userId": user_id,
                "username": username,
                "displayName": display_name,
                "createdAt": created_at,
                "directory": DIRECTORY,
                "isOnline": False,
            },
            ConditionExpression=Attr("userId").not_exists(),
        )
    except ClientError as refusal:
        if not is_condition_failure(refusal):
            raise


def rename(table_name: str, user_id: str, display_name: str) -> None:
    """Change a user's display name. Raises SessionExpiredError if the user was erased during the call."""
    try:
        table(table_name).update_item(
            Key={"userId": user_id},
            UpdateExpression="SET displayName = :name",
            ConditionExpression=Attr("userId").exists() & Attr("erasedAt").not_exists(),
            ExpressionAttributeValues={":name": display_name},
        )
    except ClientError as refusal:
        if is_condition_failure(refusal):
            raise SessionExpiredError("This account was deleted.") from None
        raise


def by_display_name(
    table_name: str, *, limit: int, after: tuple[str, str] | None, now_ms: int
) -> tuple[list[User], tuple[str, str] | None]:
    """Return a page of the directory, and the (displayName, userId) to pass as `after` for the next."""
    start: dict[str, Any] = {}
    if after:
        key = {"directory": DIRECTORY, "displayName": after[0], "userId": after[1]}
        start = {"ExclusiveStartKey": key}
    page = table(table_name).query(
        IndexName="directory", KeyConditionExpression=Key("directory").eq(DIRECTORY), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    # The index has keys only; see stacks/data.py.
    ids = [str(row["userId"]) for row in page["Items"]]
    found = get_many(table_name, ids, now_ms=now_ms)
    users = [found[user_id] for user_id in ids if user_id in found]
    return users, (str(last["displayName"]), str(last["userId"])) if last else None


def set_presence(table_name: str, user_id: str, *, online_until: int | None, now_ms: int) -> bool:
    """Store a presence: online until a time (seconds since the epoch), or offline. Return whether it changed.

    A user who is not in the directory is ignored. Raises botocore's ClientError.
    """
    online = online_until is not None
    changed: ConditionBase = Attr("isOnline").ne(online)
    if online:
        # A user whose last connection has expired was shown as offline, even if `isOnline` is still true.
        changed |= Attr("onlineUntil").lte(now_ms // 1000)
    try:
        table(table_name).update_item(
            Key={"userId": user_id},
            UpdateExpression="SET isOnline = :online, onlineUntil = :until, lastSeenAt = :now",
            ConditionExpression=Attr("userId").exists() & changed,
            ExpressionAttributeValues={":online": online, ":until": online_until or 0, ":now": timestamp(now_ms)},
        )
    except ClientError as refusal:
        if not is_condition_failure(refusal):
            raise
        if online_until is not None:
            _extend(table_name, user_id, online_until)
        return False
    return True


def _extend(table_name: str, user_id: str, online_until: int) -> None:
    """Move the time until which an online user is online; not a change of their presence."""
    try:
        table(table_name).update_item(
            Key={"userId": user_id},
            UpdateExpression="SET onlineUntil = :until",
            ConditionExpression=Attr("userId").exists() & Attr("onlineUntil").lt(online_until),
            ExpressionAttributeValues={":until": online_until},
        )
    except ClientError as refusal:
        if not is_condition_failure(refusal):
            raise


def _user(user_id: str, item: Any, now_ms: int) -> User:
    row = read(UserRow, item)
    if row is None:
        return UnreadableUser(user_id=user_id, username=user_id, display_name=UNREADABLE_NAME, status="offline")
    # An expired connection publishes no event, so an online user counts as offline after `onlineUntil`.
    online = row.is_online and row.online_until > now_ms // 1000
    kind = User if row.erased_at is None else ErasedUser
    return kind(
        user_id=row.user_id,
        username=row.username,
        display_name=row.display_name,
        status="online" if online else "offline",
        last_seen_at=row.last_seen_at,
    )
