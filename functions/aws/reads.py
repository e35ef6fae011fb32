"""DynamoDB reads that take several calls: every page of a query, and many rows by key."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from functions.aws import deadline
from functions.aws.clients import dynamodb

MAX_KEYS_PER_BATCH = 100
FIRST_PAUSE_SECONDS = 0.05
MAX_PAUSE_SECONDS = 1.0


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
    """Yield the rows with these distinct keys, in any order. Missing keys are skipped.

    DynamoDB leaves keys unprocessed when the table is throttled; they are requested again, after a random pause.
    Raises OutOfTimeError.
    """
    for start in range(0, len(keys), MAX_KEYS_PER_BATCH):
        batch = keys[start : start + MAX_KEYS_PER_BATCH]
        request: Any = {table_name: {"Keys": batch, "ConsistentRead": consistent}}
        longest_pause = FIRST_PAUSE_SECONDS
        while True:
            answer = dynamodb().batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table_name, [])
            request = answer.get("UnprocessedKeys")
            if not request:
                break
            deadline.sleep(random.uniform(0, longest_pause))  # noqa: S311
            longest_pause = min(MAX_PAUSE_SECONDS, 2 * longest_pause)
