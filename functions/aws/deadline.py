"""The deadline of an invocation: an attempt of a call to AWS starts only if it ends before the function's timeout.

Lambda stops a function at its timeout, and the client then gets API Gateway's "Internal server error" instead of
an error of the contract. With the deadline, the call raises in time, and the entry point answers. All calls of an
invocation share its deadline, so their number does not matter.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from botocore.exceptions import BotoCoreError

CONNECT_SECONDS = 1.0
READ_SECONDS = 2.0
"""Calls to DynamoDB, EventBridge and API Gateway take milliseconds; after this they are lost, and are repeated."""

ANSWER_SECONDS = 1.0
"""Left for the answer, the log and the trace."""

Handler = Callable[[dict[str, Any], Any], Any]
AwsClient = TypeVar("AwsClient")

_ends_at: float | None = None
"""The deadline of all threads, by the monotonic clock: an environment runs one invocation at a time."""


class OutOfTimeError(BotoCoreError):
    """The invocation ends too soon for another attempt."""

    fmt = "{left:.1f} s are left of this invocation, and {needed:.1f} s may be needed"


def bounded(handler: Handler) -> Handler:
    """Decorate a handler: its calls to AWS end before Lambda stops it."""

    @wraps(handler)
    def bounded_handler(event: dict[str, Any], context: Any) -> Any:
        global _ends_at
        _ends_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
        try:
            return handler(event, context)
        finally:
            _ends_at = None

    return bounded_handler


def check(needed: float) -> None:
    """Raise OutOfTimeError if fewer than `needed` seconds are left, apart from the time for the answer."""
    if _ends_at is not None and (left := _ends_at - time.monotonic()) < needed:
        raise OutOfTimeError(left=left, needed=needed)


def sleep(seconds: float) -> None:
    """Sleep before another try. Raises OutOfTimeError, without sleeping, if there is not enough time."""
    check(seconds)
    time.sleep(seconds)


def limit(client: AwsClient, *, retries: int) -> AwsClient:
    """Return the client after limiting each attempt of its calls, of which `retries` are repetitions."""

    def needed(attempt: int) -> float:
        return CONNECT_SECONDS + READ_SECONDS + longest_pause(attempt, retries)

    def check_attempt(request: Any, **_: Any) -> None:
        check(needed(request.context["retries"]["attempt"]))

    def check_retry(attempts: int, caught_exception: Exception | None, **_: Any) -> None:
        if caught_exception is None:
            return
        try:
            check(longest_pause(attempts, retries) + needed(attempts + 1))
        except OutOfTimeError:
            # The error of this attempt says more, and the pause before a refused attempt would be for nothing.
            raise caught_exception from None

    events = cast(Any, client).meta.events
    events.register_first("request-created", check_attempt, unique_id="parley-attempt")
    events.register_first("needs-retry", check_retry, unique_id="parley-retry")
    return client


def longest_pause(attempt: int, retries: int) -> float:
    """Return how long botocore waits at most (seconds) after an attempt that failed: 1, 2, 4 and so on, last 0.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """
    return float(2 ** (attempt - 1)) if attempt <= retries else 0.0
