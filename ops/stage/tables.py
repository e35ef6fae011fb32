"""Read the rows of a stage's tables, to compare and to repair them. Only operators read whole tables."""

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from functions.contract.model import Shape
from functions.contract.rows import (
    ChannelRow,
    ConnectionRow,
    EndedUserRow,
    MemberRow,
    MessageIdRow,
    MessageRow,
    ReactionRow,
    ShardRow,
    SubscriptionRow,
    TextKeyRow,
    UserRow,
    fault_of,
)
from functions.contract.session import ENDED_USER_PREFIX
from functions.contract.shards import LAST_ROW, shard_after
from ops.errors import BadRequestError
from ops.stage.stage import Stage

MAX_BATCH_GET_KEYS = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""

KEY_BYTES = 2_048
"""The most of a partition key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

MAX_ROWS = 500_000
"""The most rows of a table that are read at once: all are held in memory."""
SCAN_SEGMENTS = 4
"""The segments of a table that are scanned concurrently."""

Row = dict[str, Any]
Result = TypeVar("Result")


NAME_PREFIX = "name#"
"""The start of the key of a row in `channels` that keeps the name of a public channel unique."""
ROW_TYPES: dict[str, tuple[type[Shape], tuple[str, ...]]] = {
    "channels": (ChannelRow, ("channelId",)),
    "messages": (MessageRow, ("channelId", "seq")),
    "messageIds": (MessageIdRow, ("messageId",)),
    "reactions": (ReactionRow, ("channelId", "reactionKey")),
    "members": (MemberRow, ("userId", "channelId")),
    "users": (UserRow, ("userId",)),
    "connections": (ConnectionRow, ("userId", "connectionId")),
    "subscriptions": (SubscriptionRow, ("channelId", "connectionId")),
    "tickets": (EndedUserRow, ("ticketHash",)),
    "textKeys": (TextKeyRow, ("userId",)),
}
"""The model of each table's rows, and the attributes of its key."""


@dataclass(frozen=True)
class Unreadable:
    """A row that its readers cannot use: its table and key, what is wrong, and the message that it was of."""

    table: str
    key_values: tuple[str, ...]
    fault: str
    message_id: str = ""

    @property
    def key(self) -> str:
        """The key as reports show it."""
        return (" in " if self.table == "members" else "/").join(self.key_values)

    @property
    def repair(self) -> tuple[str, ...]:
        """The words of the `parley` command that repairs it."""
        return ("repair", self.table, *self.key_values)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The rows of the tables that events lead to. Those that cannot be read are apart, in `unreadable`."""

    channels: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    message_ids: Sequence[Mapping[str, Any]]
    reactions: Sequence[Mapping[str, Any]]
    members: Sequence[Mapping[str, Any]]
    unreadable: Sequence[Unreadable] = ()

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]]) -> "Tables":
        """The rows by table, without those that do not fit their models."""
        unreadable: list[Unreadable] = []

        def fitting(table_name: str) -> list[Row]:
            return list(readable(table_name, rows.get(table_name, ()), unreadable.append))

        for name in ("users", "connections", "subscriptions", "tickets", "textKeys"):
            # No event leads to them, so they are not compared.
            fitting(name)
        return cls(
            channels=fitting("channels"),
            messages=fitting("messages"),
            message_ids=fitting("messageIds"),
            reactions=fitting("reactions"),
            members=fitting("members"),
            unreadable=unreadable,
        )


def readable(table_name: str, rows: Iterable[Row], on_unreadable: Callable[[Unreadable], None]) -> Iterator[Row]:
    """Yield the rows of a table that fit its model, and report the others."""
    for row in rows:
        found = fault(table_name, row)
        if found is None:
            yield row
        else:
            values = tuple(str(row.get(name)) for name in ROW_TYPES[table_name][1])
            on_unreadable(Unreadable(table_name, values, found, str(row.get("messageId", ""))))


def row_type(table_name: str, row: Mapping[str, Any]) -> type[Shape] | None:
    """The model of a row; None if rows of this kind have none."""
    if table_name == "channels" and str(row.get("channelId")).startswith(NAME_PREFIX):
        return None
    if table_name == "tickets" and not str(row.get("ticketHash")).startswith(ENDED_USER_PREFIX):
        return None
    if table_name == "subscriptions" and row.get("connectionId") == LAST_ROW:
        return ShardRow
    return ROW_TYPES[table_name][0]


def fault(table_name: str, row: Mapping[str, Any]) -> str | None:
    """What is wrong with a row of a table; None if it is readable."""
    model = row_type(table_name, row)
    return fault_of(model, row) if model else None


def number(value: Any) -> int:
    """A stored number; 0 for anything else."""
    try:
        return 0 if isinstance(value, str | bytes | bool) else int(value or 0)
    except (TypeError, ValueError):
        return 0


def plain(value: Any) -> Any:
    """A row as JSON has it: numbers of DynamoDB are Decimal, and sets are shown as text.

    Binary values are not shown: they are the keys with which texts are sealed.
    """
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    binary = getattr(value, "value", value)
    if isinstance(binary, bytes | bytearray):
        return f"({len(binary)} bytes, not shown)"
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def output_name(table_name: str) -> str:
    """The name of a table as outputs have it: `Messages` for `messages`."""
    return table_name[0].upper() + table_name[1:]


def name_key(name: str) -> str:
    """The key of the row that keeps a public channel's name unique, ignoring case."""
    return NAME_PREFIX + name.casefold()


def can_be_key(text: str) -> bool:
    """Whether a row can have this text as its key. DynamoDB refuses to look for others."""
    return 0 < len(text.encode(errors="replace")) <= KEY_BYTES


def key_equals(name: str, value: str) -> Any:
    """The condition of a query that the key attribute has this value."""
    # Not at the top: the commands' help imports this module, and boto3 takes a third of a second.
    from boto3.dynamodb.conditions import Key

    return Key(name).eq(value)


def has_values(values: Mapping[str, Any]) -> Any:
    """The filter of a scan that these attributes have these values."""
    # Not at the top: see `key_equals`.
    from boto3.dynamodb.conditions import Attr

    return functools.reduce(operator.and_, (Attr(name).eq(value) for name, value in values.items()))


def paginate(operation: Callable[..., Any], **arguments: Any) -> Iterator[Row]:
    """Yield the items of every page of a table's `query` or `scan`."""
    while True:
        page = operation(**arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def batch_get(stage: Stage, name: str, keys: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows with these distinct keys, strongly consistent and in no order. Missing rows are left out."""
    remaining, table_name = list(keys), stage.output("Data", f"{name}TableName")
    database = stage.resource("dynamodb")
    for start in range(0, len(remaining), MAX_BATCH_GET_KEYS):
        batch = remaining[start : start + MAX_BATCH_GET_KEYS]
        request: dict[str, Any] = {table_name: {"Keys": batch, "ConsistentRead": True}}
        while request:
            answer = database.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table_name, [])
            request = answer.get("UnprocessedKeys") or {}


def subscriptions(stage: Stage, channel_id: str) -> Iterator[Row]:
    """Yield the subscriptions to a channel, those of all its shards (functions/contract/shards.py)."""
    return (row for row in _all_subscriptions(stage, channel_id) if row["connectionId"] != LAST_ROW)


def _all_subscriptions(stage: Stage, channel_id: str) -> Iterator[Row]:
    """Yield the subscriptions to a channel, and the rows that link its shards."""
    shard: str | None = channel_id
    while shard is not None:
        of_shard = key_equals("channelId", shard)
        rows = paginate(stage.table("Subscriptions").query, KeyConditionExpression=of_shard)
        current, shard = shard, None
        for row in rows:
            yield row
            if row["connectionId"] == LAST_ROW:
                named = row.get("nextShard")
                shard = named if isinstance(named, str) else shard_after(current)


def shards(stage: Stage, channel_ids: Iterable[str]) -> dict[str, int]:
    """The number of shards of each of the channels: 1 for most, 0 if it cannot be read (strongly consistent)."""
    numbers = dict.fromkeys(channel_ids, 1)
    keys = [{"channelId": channel_id, "connectionId": LAST_ROW} for channel_id in numbers]
    for row in batch_get(stage, "Subscriptions", keys):
        numbers[str(row["channelId"])] = number(row.get("shards"))
    return numbers


def scan(stage: Stage, name: str, **selection: Any) -> list[Row]:
    """All rows of a table, strongly consistent, in no order. Raises BadRequestError above MAX_ROWS.

    `selection` are further arguments of `Scan`, such as a filter: rows that it leaves out are not counted.
    """
    count = itertools.count(1)

    def kept(rows: Iterator[Row]) -> list[Row]:
        found = []
        for row in rows:
            if next(count) > MAX_ROWS:
                raise BadRequestError(
                    f"The table {name} has more than {MAX_ROWS:,} rows, the most that one check reads: "
                    "check one channel with --channel."
                )
            found.append(row)
        return found

    return [row for rows in scan_segments(stage, name, kept, **selection) for row in rows]


def scan_segments(
    stage: Stage, name: str, reduce: Callable[[Iterator[Row]], Result], **selection: Any
) -> list[Result]:
    """The results of `reduce` for the rows of each segment of a table, strongly consistent and in no order.

    `reduce` gets the rows one by one, on a thread of each segment: a table of any size can be read, if it does not
    keep them.
    """

    def segment(number: int) -> Result:
        arguments = {"Segment": number, "TotalSegments": SCAN_SEGMENTS, "ConsistentRead": True, **selection}
        return reduce(paginate(stage.table(name).scan, **arguments))

    with ThreadPoolExecutor(max_workers=SCAN_SEGMENTS, thread_name_prefix="scan") as pool:
        return list(pool.map(segment, range(SCAN_SEGMENTS)))


def read(stage: Stage, channel_id: str | None = None) -> Tables:
    """All rows that events lead to, or those of one channel. Raises BadRequestError above MAX_ROWS."""
    if channel_id is None:
        # The channels last: their counters are then not older than the rows that they count.
        not_compared = ("Tickets", "TextKeys", "Users", "Subscriptions", "Connections")
        names = (*not_compared, "Messages", "MessageIds", "Reactions", "Members", "Channels")
        return Tables.of({name[0].lower() + name[1:]: scan(stage, name) for name in names})
    of_channel = {"KeyConditionExpression": key_equals("channelId", channel_id)}
    # The index has no attribute that changes often, so the rows themselves are read.
    members = paginate(stage.table("Members").query, IndexName="byChannel", **of_channel)
    user_ids = [str(row["userId"]) for row in members]
    member_keys = [{"userId": user_id, "channelId": channel_id} for user_id in user_ids]
    stored = messages(stage, channel_id)
    ids = [row["messageId"] for row in stored if isinstance(row.get("messageId"), str) and row["messageId"]]
    subscribed = list(_all_subscriptions(stage, channel_id))
    open_keys = {
        (row["userId"], row["connectionId"])
        for row in subscribed
        if fault("subscriptions", row) is None and "userId" in row
    }
    return Tables.of(
        {
            "messages": stored,
            "messageIds": list(message_ids(stage, ids)),
            "reactions": list(paginate(stage.table("Reactions").query, ConsistentRead=True, **of_channel)),
            "members": list(batch_get(stage, "Members", member_keys)),
            "channels": _channel_and_name(stage, channel_id),
            "users": list(batch_get(stage, "Users", ({"userId": user_id} for user_id in user_ids))),
            "textKeys": list(batch_get(stage, "TextKeys", ({"userId": user_id} for user_id in user_ids))),
            "tickets": list(
                batch_get(stage, "Tickets", ({"ticketHash": ENDED_USER_PREFIX + user_id} for user_id in user_ids))
            ),
            "subscriptions": subscribed,
            "connections": list(
                batch_get(
                    stage,
                    "Connections",
                    ({"userId": user_id, "connectionId": connection_id} for user_id, connection_id in open_keys),
                )
            ),
        }
    )


def messages(stage: Stage, channel_id: str) -> list[Row]:
    """The rows of a channel's messages, those that cannot be read too."""
    of_channel = key_equals("channelId", channel_id)
    return list(paginate(stage.table("Messages").query, ConsistentRead=True, KeyConditionExpression=of_channel))


def _channel_and_name(stage: Stage, channel_id: str) -> list[Row]:
    """The row of a channel, and the one that keeps its name unique."""
    channel = next(batch_get(stage, "Channels", [{"channelId": channel_id}]), None)
    if channel is None:
        return []
    name = channel.get("name")
    key = {"channelId": name_key(name)} if isinstance(name, str) and name else None
    return [channel, *(batch_get(stage, "Channels", [key]) if key else ())]


def seqs(stage: Stage, ids: Iterable[str]) -> dict[str, int]:
    """The seq by message id. Ids that are missing, or whose rows cannot be read, are left out."""
    rows = message_ids(stage, ids)
    return {str(row["messageId"]): int(row["seq"]) for row in rows if fault_of(MessageIdRow, row) is None}


def message_ids(stage: Stage, ids: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of `messageIds` (messageId, channelId, seq) for these ids. Missing ones are left out."""
    return batch_get(stage, "MessageIds", ({"messageId": message_id} for message_id in dict.fromkeys(ids)))
