"""Repeat a single write that DynamoDB rejected because a transaction was writing the same row.

The rejected write has changed nothing, and the transaction ends within milliseconds. botocore repeats throttled
calls, but not these: `TransactionConflictException` (`transactions` repeats transactions, which fail with another
error).
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

import random
from typing import Any

from functions.aws import deadline

MAX_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.02


def pause_seconds(attempt: int) -> float:
    """How long to wait after an attempt, of which the first is 1.

    With full jitter, so that writes that collided do not collide again.
    """
    return random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))  # noqa: S311


def repeat_conflicts(client: Any) -> None:
    """Let a client of DynamoDB repeat rejected writes, until MAX_ATTEMPTS.

    A call raises OutOfTimeError if its invocation ends before the next attempt.
    """

    def pause(attempts: int, response: Any = None, **_: Any) -> float | None:
        """What botocore asks after each attempt: the seconds until the next one, or None for no further one."""
        if response is None or attempts >= MAX_ATTEMPTS:
            return None
        if response[1].get("Error", {}).get("Code") != "TransactionConflictException":
            return None
        seconds = pause_seconds(attempts)
        deadline.check(seconds)
        return seconds

    client.meta.events.register("needs-retry.dynamodb", pause, unique_id="parley-conflicts")
