"""Keep equal names and values of items once, so that a table takes less memory.

On AWS, a table may grow without limit. MiniStack keeps all items in memory, as their requests were parsed:
with a copy of each attribute's name, and of values that many items have, such as the id of a channel. With this
addition, items share them. A value of a scalar type is replaced by an update and never changed in place.
"""

import sys
from functools import lru_cache
from typing import Any

from local.emulator import patching

SCALAR_TYPES = frozenset({"S", "N", "BOOL", "NULL"})
MAX_SHARED_CHARACTERS = 64
# The values that were stored last. One that is used again stays among them.
MAX_SHARED_VALUES = 10_000

Value = dict[str, Any]
Item = dict[str, Value]


def install() -> None:
    """Share the names and values of each item that is stored."""
    service = "services.dynamodb"
    set_item = patching.original(service, "_set_item")

    def set_shared(table: dict[str, Any], partition: Any, sort: Any, item: Item) -> Any:
        return set_item(table, partition, sort, share(item))

    patching.replace(service, "_set_item", set_shared)


def share(item: Item) -> Item:
    """An equal item, whose names, and short values of scalar types, are shared with other items."""
    return {sys.intern(name): _share_value(value) for name, value in item.items()}


def _share_value(value: Value) -> Value:
    [(kind, content)] = value.items()
    if kind not in SCALAR_TYPES or (isinstance(content, str) and len(content) > MAX_SHARED_CHARACTERS):
        return value
    return _shared(kind, content)


@lru_cache(MAX_SHARED_VALUES)
def _shared(kind: str, content: str | bool) -> Value:
    return {kind: content}
