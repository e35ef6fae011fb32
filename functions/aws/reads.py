"""DynamoDB reads that take several calls: every page of a query, and many rows by key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from functions.aws.clients import dynamodb

MAX_KEYS_PER_BATCH = 100


def paginate(query: Callable[..., Any], **arguments: Any) -> Iterator[Any]:
    """Yield the items of all pages of `query` (a table's `query` method), which is called with the arguments."""
    while True:
        page = query(**arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def batch_get(table_name: str, key_name: str, values: Iterable[str], *, consistent: bool = False) -> Iterator[Any]:
    """Yield the rows with these partition keys, in any order. Repeated and missing keys are skipped."""
    keys = [{key_name: value} for value in dict.fromkeys(values)]
    return batch_get_keys(table_name, keys, consistent=consistent)


def batch_get_keys(table_name: str, keys: Sequence[dict[str, str]], *, consistent: bool = False) -> Iterator[Any]:
    """Yield the rows with these distinct keys, in any order. Missing keys are skipped."""
    for start in range(0, len(keys), MAX_KEYS_PER_BATCH):
        batch = keys[start : start + MAX_KEYS_PER_BATCH]
        request: Any = {table_name: {"Keys": batch, "ConsistentRead": consistent}}
        while request:
            answer = dynamodb().batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table_name, [])
            request = answer.get("UnprocessedKeys")
