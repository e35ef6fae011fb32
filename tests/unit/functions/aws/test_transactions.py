"""Transactions: what is tried again, and what raises."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.aws import conflicts, transactions
from tests.unit.stage import Stage

WRITES: list[Any] = [{"Put": {"TableName": "tickets", "Item": {"ticketHash": key}}} for key in ("one", "two")]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(conflicts, "FIRST_PAUSE_SECONDS", 0)


def test_a_transaction_is_applied_after_a_conflict(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A concurrent write to one of the rows is the only reason, so the same writes may succeed."""
    stage.conflict(monkeypatch, conflicts.MAX_ATTEMPTS - 1)
    transactions.transact(WRITES)
    assert {row["ticketHash"] for row in stage.rows("tickets")} == {"one", "two"}


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "ValidationError"])
def test_a_conflict_with_another_reason_raises(stage: Stage, monkeypatch: pytest.MonkeyPatch, reason: str):
    """At once: the other write cannot succeed, and its caller learns why. Nothing is written."""
    stage.conflict(monkeypatch, 1, first_reason=reason)
    with pytest.raises(ClientError, match=reason):
        transactions.transact(WRITES)
    assert stage.rows("tickets") == []
