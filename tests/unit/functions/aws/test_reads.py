"""Reads that take several calls."""

from typing import Any

import pytest

from functions.aws import deadline, reads


class ThrottledTable:
    """Processes one key of each batch, as DynamoDB does when the table is throttled. moto never does."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 # boto3's name
        [(table, request)] = RequestItems.items()
        first, *others = request["Keys"]
        self.batches.append(len(request["Keys"]))
        unprocessed = {table: {**request, "Keys": others}} if others else {}
        return {"Responses": {table: [first]}, "UnprocessedKeys": unprocessed}


def test_unprocessed_keys_are_requested_again_after_a_pause(monkeypatch: pytest.MonkeyPatch):
    """Without a pause, the repetitions would keep the table throttled."""
    table, pauses = ThrottledTable(), list[float]()
    monkeypatch.setattr(reads, "dynamodb", lambda: table)
    monkeypatch.setattr(deadline, "sleep", pauses.append)
    monkeypatch.setattr("random.uniform", lambda _, longest: longest)
    found = list(reads.batch_get("users", "userId", [f"u-{number}" for number in range(8)]))
    assert [row["userId"] for row in found] == [f"u-{number}" for number in range(8)]
    assert table.batches == [8, 7, 6, 5, 4, 3, 2, 1]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
