"""Record changes of DynamoDB items in the journal, and run the operations on tables one at a time."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from local.emulator import patching

OPERATIONS = (
    "_put_item",
    "_update_item",
    "_delete_item",
    "_get_item",
    "_query",
    "_batch_write_item",
    "_batch_get_item",
    "_transact_write_items",
    "_transact_get_items",
    "_execute_statement",
    "_execute_transaction",
)

Table = dict[str, Any]


class TableChanges:
    """One entry per request: `{"changes": [[table, partition key, sort key, item or None], …]}`."""

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self._lock = threading.RLock()
        self._request = threading.local()
        service = "services.dynamodb"
        for name in OPERATIONS:
            patching.replace(service, name, self._recording(patching.original(service, name)))
        self._set_item = patching.replace(service, "_set_item", self.set_item)
        self._remove_item = patching.replace(service, "_remove_item", self.remove_item)

    def set_item(self, table: Table, partition: Any, sort: Any, item: Any) -> Any:
        """Store an item, and record it."""
        with self._lock:
            before = self._set_item(table, partition, sort, item)
            self._add(table, partition, sort, item)
            return before

    def remove_item(self, table: Table, partition: Any, sort: Any) -> Any:
        """Delete an item, and record the deletion."""
        with self._lock:
            before = self._remove_item(table, partition, sort)
            self._add(table, partition, sort, None)
            return before

    def apply_again(self, entry: dict[str, Any]) -> None:
        """Store and delete the items of an entry; tables that do not exist are skipped."""
        tables = patching.module("services.dynamodb")._tables
        for name, partition, sort, item in entry["changes"]:
            table = tables.get(name)
            if table is None:
                continue
            if item is None:
                self._remove_item(table, partition, sort)
            else:
                self._set_item(table, partition, sort, item)

    def _recording(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        """An operation that runs alone, and records all its changes as one entry; operations may call others."""

        @wraps(operation)
        def run(*arguments: Any, **keywords: Any) -> Any:
            with self._lock:
                if getattr(self._request, "changes", None) is not None:
                    return operation(*arguments, **keywords)
                self._request.changes = []
                try:
                    return operation(*arguments, **keywords)
                finally:
                    changes, self._request.changes = self._request.changes, None
                    if changes:
                        self._record("items", changes=changes)

        return run

    def _add(self, table: Table, partition: Any, sort: Any, item: Any) -> None:
        change = [table["TableName"], partition, sort, item]
        changes = getattr(self._request, "changes", None)
        if changes is None:
            # MiniStack deletes expired items outside any request.
            self._record("items", **scope_of(table), changes=[change])
        else:
            changes.append(change)


def scope_of(table: Table) -> dict[str, str]:
    """The account and region in a table's ARN."""
    parts = str(table["TableArn"]).split(":")
    return {"account": parts[4], "region": parts[3]}
