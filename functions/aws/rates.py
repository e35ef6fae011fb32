"""The table `rates`: what each user has used of the limits per user."""

from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from functions.aws.clients import table
from functions.aws.rows import number_in
from functions.aws.transactions import failed_row
from functions.chat.rate import UserLimit
from functions.contract.errors import RateLimitedError

KEPT_SECONDS = 60 * 60
"""How long a row is kept after its whole burst is available again; without a row, it is available too."""


def check(table_name: str, user_id: str, limit: UserLimit, *, now_ms: int) -> None:
    """Count one use of a limit. Raises RateLimitedError if it is used up."""
    retry_after_ms = count(table_name, user_id, limit, now_ms=now_ms)
    if retry_after_ms:
        seconds = -(-retry_after_ms // 1000)
        raise RateLimitedError(
            f"You are doing this too often. Try again in {seconds} s.", retry_after_ms=retry_after_ms
        )


def count(table_name: str, user_id: str, limit: UserLimit, *, now_ms: int, is_burst: bool = False) -> int:
    """Count one use of a limit, and return 0. If it is used up, return after how many milliseconds it is not.

    This is one write if the user has not used the limit for a while, else two; with `is_burst` the reverse.
    """
    tolerated = Attr("restedAt").gt(now_ms) & Attr("restedAt").lte(now_ms + limit.tolerance_ms)
    # No counter, or one that is damaged, is at rest.
    rested = ~Attr("restedAt").attribute_type("N") | Attr("restedAt").lte(now_ms)
    in_a_burst = ("SET restedAt = restedAt + :value", tolerated, limit.interval_ms)
    after_a_pause = ("SET restedAt = :value", rested, now_ms + limit.interval_ms)
    # A use that is refused needs the first alone. Both can fail because of a concurrent use, or because TTL has
    # just deleted the row.
    updates = (in_a_burst, after_a_pause) if is_burst else (after_a_pause, in_a_burst)
    while True:
        for update, condition, value in updates:
            row = _update(table_name, user_id, limit, update, condition, value, now_ms)
            if row is None:
                return 0
            retry_after_ms = limit.retry_after_ms(number_in(row, "restedAt"), now_ms)
            if retry_after_ms:
                return retry_after_ms


def exhaust(table_name: str, user_id: str, limit: UserLimit, *, for_ms: int, now_ms: int) -> None:
    """Use up a limit, so that the next use is accepted after `for_ms`."""
    rested_at_ms = now_ms + limit.tolerance_ms + for_ms
    table(table_name).put_item(
        Item={
            "userId": user_id,
            "limitName": limit.name,
            "restedAt": rested_at_ms,
            "expiresAt": rested_at_ms // 1000 + KEPT_SECONDS,
        }
    )


def _update(
    table_name: str,
    user_id: str,
    limit: UserLimit,
    update: str,
    condition: ConditionBase,
    value: int,
    now_ms: int,
) -> dict[str, Any] | None:
    """Update the row of a limit. Return None on success, or the row if it did not satisfy the condition."""
    latest_rest = (now_ms + limit.tolerance_ms + limit.interval_ms) // 1000
    try:
        table(table_name).update_item(
            Key={"userId": user_id, "limitName": limit.name},
            UpdateExpression=f"{update}, expiresAt = :expires",
            ConditionExpression=condition,
            ExpressionAttributeValues={":value": value, ":expires": latest_rest + KEPT_SECONDS},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as refusal:
        return failed_row(refusal) or {"restedAt": now_ms}
    return None
