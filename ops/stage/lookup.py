"""Find channels and users as operators name them: by id, or by name."""

from dataclasses import dataclass
from typing import Any

from ops.errors import BadRequestError, NotFoundError
from ops.stage import tables
from ops.stage.stage import Stage


def channel_id(stage: Stage, text: str) -> str | None:
    """The id of the channel with this id or name; None if no row of any table belongs to one.

    A channel whose own row is lost is found by its messages and members. Names are compared without case. Raises
    BadRequestError if several channels have the name.
    """
    if not tables.can_be_key(text):
        return None
    if stage.table("Channels").get_item(Key={"channelId": text}, ProjectionExpression="channelId").get("Item"):
        return text
    named = [row["channelId"] for row in _channels(stage) if row["name"].casefold() == text.casefold()]
    if len(named) > 1:
        raise BadRequestError(
            f"{len(named)} channels are called '{text}': choose one by its id: {', '.join(named)}."
        )
    if named:
        return str(named[0])
    return text if _has_rows(stage, text) else None


NAME_CHARACTERS = 128
"""The most characters of a username or id in Cognito, which refuses to look for longer ones."""


@dataclass(frozen=True)
class KnownUser:
    """A user, by id. `username` is None if the user pool has no such user any more."""

    user_id: str
    username: str | None


def user(stage: Stage, text: str) -> KnownUser:
    """The user with this id or username, also if they were deleted from the user pool.

    Raises NotFoundError, and BadRequestError if it is the id of one user and the username of another.
    """
    if not 0 < len(text) <= NAME_CHARACTERS:
        raise NotFoundError(f"There is no user '{text}'.")
    found = stage.user_pool.find(text)
    if found and found.user_id == text:
        return KnownUser(text, found.username)
    table = stage.table("Users")
    row = table.get_item(Key={"userId": text}, ProjectionExpression="userId, username").get("Item")
    if found and row:
        deleted = row.get("username")
        raise BadRequestError(
            f"'{text}' is the id of the user '{deleted}', who is not in the user pool, and the username of the "
            f"user with the id '{found.user_id}': use '{deleted}' or '{found.user_id}'."
        )
    if found:
        return KnownUser(found.user_id, found.username)
    if row:
        return KnownUser(text, None)
    for row in tables.paginate(table.scan, ProjectionExpression="userId, username"):
        if row.get("username") == text:
            return KnownUser(str(row["userId"]), None)
    raise NotFoundError(f"There is no user '{text}'.")


def user_id(stage: Stage, text: str) -> str | None:
    """The id of that user; None if neither the user pool nor the table has one."""
    try:
        return user(stage, text).user_id
    except NotFoundError:
        return None


def _channels(stage: Stage) -> list[dict[str, Any]]:
    """The id and name of each channel whose name can be read."""
    arguments = {"ProjectionExpression": "channelId, #name", "ExpressionAttributeNames": {"#name": "name"}}
    rows = tables.paginate(stage.table("Channels").scan, **arguments)
    return [row for row in rows if isinstance(row.get("name"), str)]


def _has_rows(stage: Stage, channel: str) -> bool:
    condition = tables.key_equals("channelId", channel)
    queries: tuple[tuple[str, dict[str, Any]], ...] = (("Messages", {}), ("Members", {"IndexName": "byChannel"}))
    return any(
        stage.table(name).query(KeyConditionExpression=condition, Limit=1, **more)["Items"]
        for name, more in queries
    )
