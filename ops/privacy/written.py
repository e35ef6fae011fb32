"""Find the rows of what a user wrote. No index has the author, so whole tables are read.

Rows that cannot be read are left out, and `on_damaged` gets the words after `parley` that repair each.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ops.stage import tables
from ops.stage.stage import Stage
from ops.stage.tables import Row

OnDamaged = Callable[[tuple[str, ...]], None]


def messages(stage: Stage, user_id: str, on_damaged: OnDamaged = lambda _: None) -> list[Row]:
    """The rows of a user's messages, in the order of their channels and seqs. Deleted ones are included."""
    found = tables.scan(stage, "Messages", FilterExpression=_equals("senderId", user_id))
    readable = _readable("messages", found, on_damaged)
    return sorted(readable, key=lambda row: (str(row["channelId"]), int(row["seq"])))


def reactions(stage: Stage, user_id: str, on_damaged: OnDamaged = lambda _: None) -> list[Row]:
    """The rows of a user's reactions that are present."""
    found = tables.scan(stage, "Reactions", FilterExpression=_equals("userId", user_id))
    readable = _readable("reactions", found, on_damaged)
    return sorted((row for row in readable if row["present"]), key=lambda row: str(row["reactionKey"]))


def _readable(table_name: str, rows: Iterable[Row], on_damaged: OnDamaged) -> Iterator[Row]:
    for row in rows:
        if tables.fault(table_name, row) is None:
            yield row
        else:
            on_damaged(("repair", table_name, *(str(row[name]) for name in tables.ROW_TYPES[table_name][1])))


def memberships(stage: Stage, user_id: str) -> list[Row]:
    """The rows of a user's memberships."""
    query = tables.table(stage, "Members").query
    return list(
        tables.paginate(query, KeyConditionExpression=tables.key_equals("userId", user_id), ConsistentRead=True)
    )


def _equals(name: str, value: str) -> Any:
    # Not at the top: the commands' help imports this module, and boto3 takes a third of a second.
    from boto3.dynamodb.conditions import Attr

    return Attr(name).eq(value)
