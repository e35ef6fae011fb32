"""Write to a table on a condition."""

from typing import Any

from botocore.exceptions import ClientError

CONDITION_FAILED = ("TransactionCanceledException", "ConditionalCheckFailedException")


def write_if(operation: Any, **arguments: Any) -> bool:
    """Call a conditional write. Returns False if the condition failed, or if its transaction was cancelled."""
    try:
        operation(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in CONDITION_FAILED:
            raise
        return False
    return True
