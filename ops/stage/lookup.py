"""Find channels and users as operators name them: by id, or by name."""

from typing import Any

from ops.errors import BadRequestError
from ops.stage import tables
from ops.stage.stage import Stage


def channel_id(stage: Stage, text: str) -> str | None:
    """The id of the channel with this id or name; None if no row of any table belongs to one.

    A channel whose own row is lost is found by its messages and members. Names are compared without case. Raises
    BadRequestError if several channels have the name.
    """
    if (
        tables.table(stage, "Channels")
        .get_item(Key={"channelId": text}, ProjectionExpression="channelId")
        .get("Item")
    ):
        return text
    named = [row["channelId"] for row in _channels(stage) if row.get("name", "").casefold() == text.casefold()]
    if len(named) > 1:
        raise BadRequestError(
            f"{len(named)} channels are called '{text}': choose one by its id: {', '.join(named)}."
        )
    if named:
        return str(named[0])
    return text if _has_rows(stage, text) else None


def user_id(stage: Stage, text: str) -> str | None:
    """The id of the user with this id or user name; None if neither the user pool nor the table has one."""
    found = stage.user_pool.user_id(text)
    if found:
        return found
    row = tables.table(stage, "Users").get_item(Key={"userId": text}, ProjectionExpression="userId").get("Item")
    return text if row else None


def _channels(stage: Stage) -> list[dict[str, Any]]:
    arguments = {"ProjectionExpression": "channelId, #name", "ExpressionAttributeNames": {"#name": "name"}}
    return list(tables.paginate(tables.table(stage, "Channels").scan, **arguments))


def _has_rows(stage: Stage, channel: str) -> bool:
    condition = tables.key_equals("channelId", channel)
    queries: tuple[tuple[str, dict[str, Any]], ...] = (("Messages", {}), ("Members", {"IndexName": "byChannel"}))
    return any(
        tables.table(stage, name).query(KeyConditionExpression=condition, Limit=1, **more)["Items"]
        for name, more in queries
    )
