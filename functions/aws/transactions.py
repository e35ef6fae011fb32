"""Transactions of DynamoDB, tried again when another write to the same row cancelled them.

A channel's row is written by everyone who joins and by every message, so conflicts are daily business; boto3
retries none of them. Any other reason for a cancellation is the caller's to judge.
"""

import random
import time
from collections.abc import Sequence
from typing import Any

from functions.aws.clients import dynamodb

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.02


def transact(items: Sequence[Any]) -> None:
    """All writes or none. Raises botocore's TransactionCanceledException."""
    client = dynamodb().meta.client
    for attempt in range(ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=items)
        except client.exceptions.TransactionCanceledException as cancelled:
            if attempt == ATTEMPTS - 1 or not _is_conflict(cancelled.response):
                raise
            # Full jitter, or those who collided would do so again.
            time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311
        else:
            return


def _is_conflict(response: Any) -> bool:
    """Whether nothing but a concurrent write stood in the way."""
    codes = {reason.get("Code") for reason in response.get("CancellationReasons", ())}
    return "TransactionConflict" in codes and codes <= {"TransactionConflict", "None", None}
