"""The table of users: the directory, and the presence that was last told of each."""

from collections.abc import Iterable
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key
from botocore.exceptions import ClientError

from functions.aws.clients import dynamodb, table
from functions.aws.members import CONDITION_FAILED
from functions.contract.model import timestamp
from functions.contract.resources import User

DIRECTORY = "everyone"
BATCH_GET = 100


def get(table_name: str, user_id: str, *, now_ms: int) -> User | None:
    """One user, strongly consistent."""
    row = table(table_name).get_item(Key={"userId": user_id}, ConsistentRead=True).get("Item")
    return _user(row, now_ms) if row else None


def get_many(table_name: str, user_ids: Iterable[str], *, now_ms: int) -> dict[str, User]:
    """Users by id, however many; those that are not there are left out."""
    wanted = list(dict.fromkeys(user_ids))
    found: dict[str, User] = {}
    for start in range(0, len(wanted), BATCH_GET):
        request: Any = {
            table_name: {"Keys": [{"userId": user_id} for user_id in wanted[start : start + BATCH_GET]]}
        }
        while request:
            answer = dynamodb().batch_get_item(RequestItems=request)
            for row in answer["Responses"].get(table_name, []):
                found[str(row["userId"])] = _user(row, now_ms)
            request = answer.get("UnprocessedKeys")
    return found


def add(table_name: str, *, user_id: str, username: str, display_name: str, created_at: str) -> None:
    """Enter a user into the directory, unless they are in it."""
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
        if refusal.response["Error"]["Code"] != CONDITION_FAILED:
            raise


def rename(table_name: str, user_id: str, display_name: str) -> None:
    """Give a user another display name."""
    table(table_name).update_item(
        Key={"userId": user_id},
        UpdateExpression="SET displayName = :name",
        ConditionExpression=Attr("userId").exists(),
        ExpressionAttributeValues={":name": display_name},
    )


def by_display_name(
    table_name: str, *, limit: int, after: tuple[str, str] | None, now_ms: int
) -> tuple[list[User], tuple[str, str] | None]:
    """A page of the directory, and the (displayName, userId) that the next one starts after."""
    start: dict[str, Any] = {}
    if after:
        key = {"directory": DIRECTORY, "displayName": after[0], "userId": after[1]}
        start = {"ExclusiveStartKey": key}
    page = table(table_name).query(
        IndexName="directory", KeyConditionExpression=Key("directory").eq(DIRECTORY), Limit=limit, **start
    )
    last = page.get("LastEvaluatedKey")
    found = [_user(row, now_ms) for row in page["Items"]]
    return found, (str(last["displayName"]), str(last["userId"])) if last else None


def set_presence(table_name: str, user_id: str, *, online_until: int | None, now_ms: int) -> bool:
    """Store what the connections say: online until then (seconds), or offline. True if that is news.

    Raises botocore's ClientError, but not for a user who is not in the directory: that is no news.
    """
    online = online_until is not None
    news: ConditionBase = Attr("isOnline").ne(online)
    if online:
        # Somebody whose last connection expired unseen looked offline to everyone, so this is news.
        news |= Attr("onlineUntil").lte(now_ms // 1000)
    try:
        table(table_name).update_item(
            Key={"userId": user_id},
            UpdateExpression="SET isOnline = :online, onlineUntil = :until, lastSeenAt = :now",
            ConditionExpression=Attr("userId").exists() & news,
            ExpressionAttributeValues={
                ":online": online,
                ":until": online_until or 0,
                ":now": timestamp(now_ms),
            },
        )
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != CONDITION_FAILED:
            raise
        if online_until is not None:
            _extend(table_name, user_id, online_until)
        return False
    return True


def _extend(table_name: str, user_id: str, online_until: int) -> None:
    """Another connection of somebody online: they stay so for longer, which is no news."""
    try:
        table(table_name).update_item(
            Key={"userId": user_id},
            UpdateExpression="SET onlineUntil = :until",
            ConditionExpression=Attr("userId").exists() & Attr("onlineUntil").lt(online_until),
            ExpressionAttributeValues={":until": online_until},
        )
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != CONDITION_FAILED:
            raise


def _user(row: Any, now_ms: int) -> User:
    # A connection that expired unseen sent no event, so the row is believed only until its time.
    online = bool(row.get("isOnline")) and int(row.get("onlineUntil", 0)) > now_ms // 1000
    return User(
        user_id=row["userId"],
        username=row["username"],
        display_name=row["displayName"],
        status="online" if online else "offline",
        last_seen_at=row.get("lastSeenAt"),
    )
