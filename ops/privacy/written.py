"""Find the rows of what a user wrote. No index has the author, so whole tables are read.

Rows that cannot be read are left out and reported.
"""

from collections.abc import Callable

from ops.stage import tables
from ops.stage.stage import Stage
from ops.stage.tables import Row, Unreadable

OnUnreadable = Callable[[Unreadable], None]


def messages(stage: Stage, user_id: str, on_unreadable: OnUnreadable = lambda _: None) -> list[Row]:
    """The rows of a user's messages, in the order of their channels and seqs. Deleted ones are included."""
    found = tables.scan(stage, "Messages", FilterExpression=tables.has_values({"senderId": user_id}))
    readable = tables.readable("messages", found, on_unreadable)
    return sorted(readable, key=lambda row: (str(row["channelId"]), int(row["seq"])))


def reactions(stage: Stage, user_id: str, on_unreadable: OnUnreadable = lambda _: None) -> list[Row]:
    """The rows of a user's reactions that are present."""
    found = tables.scan(stage, "Reactions", FilterExpression=tables.has_values({"userId": user_id}))
    readable = tables.readable("reactions", found, on_unreadable)
    return sorted((row for row in readable if row["present"]), key=lambda row: str(row["reactionKey"]))


def memberships(stage: Stage, user_id: str) -> list[Row]:
    """The rows of a user's memberships."""
    query = stage.table("Members").query
    return list(
        tables.paginate(query, KeyConditionExpression=tables.key_equals("userId", user_id), ConsistentRead=True)
    )
