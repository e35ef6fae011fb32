"""The limits of a user: each has its own counter."""

from typing import Any

import pytest

from functions.aws import rates
from functions.chat.rate import UserLimit
from functions.contract.errors import RateLimitedError
from tests.unit.builders import HOUR_MS, NOW_MS
from tests.unit.stage import Stage

LIMIT = UserLimit(name="tests", per_second=1, burst=3)


def use(user_id: str = "alice", limit: UserLimit = LIMIT, *, at: int = NOW_MS) -> int:
    return rates.count("rates", user_id, limit, now_ms=at)


def test_a_burst_is_accepted_and_then_one_for_each_interval(stage: Stage):
    """A refused use returns how long to wait, and is not counted."""
    assert [use() for _ in range(3)] == [0, 0, 0]
    assert [use(), use()] == [1000, 1000]
    assert [use(at=NOW_MS + 1000), use(at=NOW_MS + 1000)] == [0, 1000]
    assert [use(at=NOW_MS + 60_000) for _ in range(4)] == [0, 0, 0, 1000]


def test_each_user_and_each_limit_is_counted_separately(stage: Stage):
    """One user cannot use up the limit of another."""
    other = UserLimit(name="others", per_second=1, burst=1)
    assert [use() for _ in range(4)][-1] == 1000
    assert [use("bob"), use(limit=other), use(limit=other)] == [0, 0, 1000]


@pytest.mark.parametrize(("is_burst", "writes"), [(False, [1, 2, 2, 1, 1]), (True, [2, 1, 1, 1, 2])])
def test_a_use_is_one_write_in_the_usual_case(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, is_burst: bool, writes: list[int]
):
    """After a pause, or in a burst. A refused use, here the fourth, is one write in both."""
    update_row, made = rates._update, 0

    def count_writes(*values: Any) -> Any:
        nonlocal made
        made += 1
        return update_row(*values)

    monkeypatch.setattr(rates, "_update", count_writes)
    found = []
    for at in (NOW_MS, NOW_MS, NOW_MS, NOW_MS, NOW_MS + 60_000):
        made = 0
        rates.count("rates", "alice", LIMIT, now_ms=at, is_burst=is_burst)
        found.append(made)
    assert found == writes


def test_an_exhausted_limit_accepts_the_next_use_after_the_given_time(stage: Stage):
    """Whatever was used before. Then its burst is not available at once."""
    rates.exhaust("rates", "alice", LIMIT, for_ms=30_000, now_ms=NOW_MS)
    assert [use(), use(at=NOW_MS + 29_999)] == [30_000, 1]
    assert [use(at=NOW_MS + 30_000), use(at=NOW_MS + 30_000)] == [0, 1000]


def test_a_refused_use_raises_with_the_time_to_wait(stage: Stage):
    """In seconds in the message, for people."""
    rates.exhaust("rates", "alice", LIMIT, for_ms=2_500, now_ms=NOW_MS)
    with pytest.raises(RateLimitedError, match="in 3 s") as raised:
        rates.check("rates", "alice", LIMIT, now_ms=NOW_MS)
    assert raised.value.retry_after_ms == 2_500


def test_a_row_expires_after_its_burst_is_available_again(stage: Stage):
    """In the hours after, DynamoDB deletes it; without a row, the burst is available."""
    use()
    rates.exhaust("rates", "bob", LIMIT, for_ms=60_000, now_ms=NOW_MS)
    rows = stage.rows("rates")
    assert {row["userId"] for row in rows} == {"alice", "bob"}
    for row in rows:
        assert row["restedAt"] < row["expiresAt"] * 1000 < row["restedAt"] + 2 * HOUR_MS


def test_a_use_is_counted_when_the_row_is_deleted_meanwhile(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """TTL deletes a row at any time: then the use is the first one."""
    updates: list[str] = []
    update_row = rates._update

    def update_after_ttl(table: str, user_id: str, limit: UserLimit, update: str, *values: Any) -> Any:
        updates.append(update)
        assert len(updates) < 5, "the use was never counted"
        if "restedAt +" in update:
            stage.dynamodb.Table("rates").delete_item(Key={"userId": user_id, "limitName": limit.name})
        return update_row(table, user_id, limit, update, *values)

    use()
    monkeypatch.setattr(rates, "_update", update_after_ttl)
    assert use() == 0
    assert [row["restedAt"] for row in stage.rows("rates")] == [NOW_MS + 1000]
