"""The table `textKeys`: the key of each user that seals the texts of their messages, until the user is erased.

Only the erasure of a user changes a row: it removes the key and sets `erasedAt`. Keys are kept in memory for
CACHED_MS, so a process can still open texts for that time after the erasure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from functions.aws.clients import table
from functions.aws.reads import batch_get
from functions.aws.rows import read
from functions.aws.transactions import is_condition_failure
from functions.contract.errors import SessionExpiredError, UnreadableError
from functions.contract.model import timestamp
from functions.contract.rows import TextKeyRow
from functions.contract.sealing import new_key

CACHED_MS = 60_000
DAMAGED = "You cannot write: the stored key of your texts is damaged. An operator has to repair it."
MAX_CACHED = 10_000
"""The keys that a process keeps at most: about 3 MB."""


@dataclass(frozen=True)
class TextKey:
    """A user's key. `secret` is None if the user was erased, or, without `erased_at`, if it cannot be read."""

    secret: bytes | None
    erased_at: str | None = None


cached_keys: dict[tuple[str, str], tuple[int, TextKey]] = {}


def of_author(table_name: str, user_id: str, *, now_ms: int) -> bytes:
    """Return the key with which a user writes, and create it for their first text.

    Raises SessionExpiredError if the user was erased, and UnreadableError if the key cannot be read: another key
    could not open what the user wrote before.
    """
    found = of_users(table_name, [user_id], now_ms=now_ms).get(user_id) or _create(table_name, user_id, now_ms)
    if found.secret is None and found.erased_at is None:
        raise UnreadableError(DAMAGED)
    if found.secret is None:
        raise SessionExpiredError("This account was deleted.")
    return found.secret


def of_users(table_name: str, user_ids: Iterable[str], *, now_ms: int) -> dict[str, TextKey]:
    """Return the keys of users, by user id. Users who never had a key are left out."""
    wanted = dict.fromkeys(user_ids)
    found = {user_id: key for user_id in wanted if (key := _cached(table_name, user_id, now_ms))}
    missing = [user_id for user_id in wanted if user_id not in found]
    # Consistent: the key of a first message was created milliseconds ago.
    for row in batch_get(table_name, "userId", missing, consistent=True):
        found[str(row["userId"])] = _keep(table_name, row, now_ms)
    return found


def _create(table_name: str, user_id: str, now_ms: int) -> TextKey:
    """Create a key, unless another process just did: then return that one."""
    row: dict[str, Any] = {"userId": user_id, "textKey": new_key(), "createdAt": timestamp(now_ms)}
    try:
        table(table_name).put_item(Item=row, ConditionExpression=Attr("userId").not_exists())
    except ClientError as refusal:
        if not is_condition_failure(refusal):
            raise
        row = dict(table(table_name).get_item(Key={"userId": user_id}, ConsistentRead=True)["Item"])
    return _keep(table_name, row, now_ms)


def _cached(table_name: str, user_id: str, now_ms: int) -> TextKey | None:
    kept_until_ms, key = cached_keys.get((table_name, user_id), (0, None))
    return key if now_ms < kept_until_ms else None


def _keep(table_name: str, row: Any, now_ms: int) -> TextKey:
    stored = read(TextKeyRow, row)
    key = TextKey(secret=stored.text_key, erased_at=stored.erased_at) if stored else TextKey(None)
    if len(cached_keys) >= MAX_CACHED:
        cached_keys.clear()
    cached_keys[(table_name, str(row["userId"]))] = (now_ms + CACHED_MS, key)
    return key
