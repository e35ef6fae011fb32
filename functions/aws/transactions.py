"""DynamoDB transactions, retried when a concurrent write to the same row cancelled them, and condition failures.

Every join and every message writes the channel's row, so conflicts are frequent, and boto3 does not retry them.
A transaction that is cancelled for any other reason raises.
"""

from collections.abc import Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from functions.aws import deadline
from functions.aws.clients import dynamodb
from functions.aws.conflicts import MAX_ATTEMPTS, pause_seconds


def transact(items: Sequence[Any]) -> None:
    """Apply all writes or none. Raises botocore's TransactionCanceledException."""
    client = dynamodb().meta.client
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            client.transact_write_items(TransactItems=items)
        except client.exceptions.TransactionCanceledException as cancelled:
            if attempt == MAX_ATTEMPTS or not _is_conflict(cancelled.response):
                raise
            deadline.sleep(pause_seconds(attempt))
        else:
            return


def is_condition_failure(error: ClientError) -> bool:
    """Whether the condition of a single write was false."""
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


def is_first_refused(error: ClientError) -> bool:
    """Whether the condition of a transaction's first write was false."""
    reasons: Any = error.response.get("CancellationReasons", ())
    return bool(reasons) and reasons[0].get("Code") == "ConditionalCheckFailed"


def failed_row(error: ClientError) -> dict[str, Any] | None:
    """Return the row that did not satisfy a condition, None if there is no row. Raises any other error again."""
    if not is_condition_failure(error):
        raise error
    item: Any = error.response.get("Item")
    if not item:
        return None
    # boto3's resource converts results to Python values, but not the item in an error.
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def _is_conflict(response: Any) -> bool:
    """Whether a concurrent write is the only reason for the cancellation."""
    codes = {reason.get("Code") for reason in response.get("CancellationReasons", ())}
    return "TransactionConflict" in codes and codes <= {"TransactionConflict", "None", None}
