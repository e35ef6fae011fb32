"""The rows of a stage's tables, for comparing and for repairing. Reading them whole is for operators alone."""

from collections.abc import Iterable, Iterator
from typing import Any

from boto3.dynamodb.conditions import Key

from ops.check.comparison import Tables
from ops.stage.stage import Stage

BATCH_GET = 100

Row = dict[str, Any]


def table(stage: Stage, name: str) -> Any:
    """A table by the name of its output: `Messages`."""
    return stage.resource("dynamodb").Table(stage.output("Data", f"{name}TableName"))


def read(stage: Stage, channel_id: str | None = None) -> Tables:
    """What is stored: everything, or what belongs to one channel."""
    if channel_id is None:
        return Tables(
            channels=list(_all(table(stage, "Channels").scan)),
            messages=list(_all(table(stage, "Messages").scan)),
            message_ids=list(_all(table(stage, "MessageIds").scan)),
            reactions=list(_all(table(stage, "Reactions").scan)),
            members=list(_all(table(stage, "Members").scan)),
        )
    condition = Key("channelId").eq(channel_id)
    channel = table(stage, "Channels").get_item(Key={"channelId": channel_id}, ConsistentRead=True).get("Item")
    messages = list(_all(table(stage, "Messages").query, KeyConditionExpression=condition, ConsistentRead=True))
    return Tables(
        channels=[channel] if channel else [],
        messages=messages,
        message_ids=list(message_ids(stage, (str(row["messageId"]) for row in messages))),
        reactions=list(
            _all(table(stage, "Reactions").query, KeyConditionExpression=condition, ConsistentRead=True)
        ),
        members=list(_all(table(stage, "Members").query, IndexName="byChannel", KeyConditionExpression=condition)),
    )


def message_ids(stage: Stage, ids: Iterable[str]) -> Iterator[Row]:
    """The places of messages, by their ids; those that are not stored are left out."""
    wanted = list(dict.fromkeys(ids))
    name = stage.output("Data", "MessageIdsTableName")
    database = stage.resource("dynamodb")
    for start in range(0, len(wanted), BATCH_GET):
        keys = [{"messageId": message_id} for message_id in wanted[start : start + BATCH_GET]]
        request: dict[str, Any] = {name: {"Keys": keys, "ConsistentRead": True}}
        while request:
            answer = database.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(name, [])
            request = answer.get("UnprocessedKeys") or {}


def _all(call: Any, **arguments: Any) -> Iterator[Row]:
    while True:
        page = call(**arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]
