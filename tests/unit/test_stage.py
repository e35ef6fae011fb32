"""The stage in memory: rows that are written and read without a request are those of the API."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.exceptions import MockValidationException

from functions.aws import users
from tests.unit.builders import CHANNEL, NOW_MS
from tests.unit.stage import INDEXES, NUMBERS, TABLES, Stage

VALUES: dict[str, Any] = {
    "text": "tea",
    "empty": "",
    "number": Decimal("1.5"),
    "flag": True,
    "nothing": None,
    "bytes": b"\x00\xff",
    "list": ["a", 1, [], {"b": None}],
    "map": {"a": {"b": ["c", Decimal(7)]}, "d": {}},
    "names": {"a", "b"},
    "numbers": {Decimal(1), Decimal(2)},
}


def row_of(table: str, number: int) -> dict[str, Any]:
    keys = [*TABLES[table], *(INDEXES[table][1] if table in INDEXES else ())]
    return VALUES | {key: number if key in NUMBERS else f"k-{number}" for key in keys}


@pytest.mark.parametrize("table", ["channels", "messages", "connections", "tickets"])
def test_rows_put_without_a_request_are_those_of_the_api(stage: Stage, table: str):
    """In tables with and without a sort key and an index, in the same order, and also if they replace others."""
    rows = [row_of(table, number) for number in (10, 9, 2)]
    answers: list[Any] = []
    for put in (stage.put, lambda table, **row: stage.dynamodb.Table(table).put_item(Item=row)):
        stage.clear()
        for row in (*rows, rows[0] | {"text": "coffee"}):
            put(table, **row)
        scanned = stage.dynamodb.Table(table).scan(ConsistentRead=True)["Items"]
        assert stage.rows(table) == scanned
        index: Any = {"IndexName": INDEXES[table][0]} if table in INDEXES else {}
        answers.append((scanned, stage.dynamodb.Table(table).scan(**index)["Items"]))
    first, second = answers
    assert first == second
    assert len(first[0]) == 3
    assert {row["text"] for row in first[0]} == {"tea", "coffee"}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("users", {"userId": ""}),
        ("users", {"userId": 7}),
        ("users", {"username": "alice"}),
        ("users", {"userId": "x" * 2049}),
        ("users", {"userId": "alice", "directory": "", "displayName": "Alice"}),
        ("users", {"userId": "alice", "directory": None, "displayName": "Alice"}),
        ("messages", {"channelId": "c-1"}),
        ("messages", {"channelId": "c-1", "seq": "1"}),
    ],
)
def test_a_row_that_the_api_refuses_is_refused(stage: Stage, table: str, row: dict[str, Any]):
    """So no test runs on a row that no table could contain."""
    with pytest.raises(ClientError, match="ValidationException"):
        stage.dynamodb.Table(table).put_item(Item=row)
    with pytest.raises(MockValidationException):
        stage.put(table, **row)
    assert stage.rows(table) == []


def test_an_added_user_is_the_one_that_is_read(stage: Stage):
    """The helper does not read them again."""
    assert stage.add_user("alice") == users.get("users", "alice", now_ms=NOW_MS)


def test_a_channel_with_members_is_that_of_members_who_join(stage: Stage):
    """The helper stores them in one transaction."""
    stage.add_channel(CHANNEL, "alice", "bob", owner="alice")
    at_once = stage.rows("channels"), stage.rows("members")
    stage.clear()
    stage.add_channel(CHANNEL)
    stage.add_member("alice", "c-1", role="owner")
    stage.add_member("bob", "c-1")
    assert (stage.rows("channels"), stage.rows("members")) == at_once
