"""What an operator looks up: rows with what is wrong with them, log lines, and connections with their users."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from inspector import explore
from ops import times
from ops.errors import BadRequestError, NotFoundError
from ops.runs import function_logs
from ops.runs.function_logs import LogLine
from ops.runs.run_log import RunLog
from ops.stage import lookup, tables
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage

NOW_S = 1_800_000_000


@pytest.fixture(scope="module")
def table_names() -> Iterator[dict[str, str]]:
    """All tables of a stage, in one simulated account."""
    with mock_aws():
        database, names = boto3.client("dynamodb", region_name="us-east-1"), {}
        for table, (_, keys) in tables.ROW_TYPES.items():
            names[f"{tables.output_name(table)}TableName"] = name = f"{table}-{uuid4()}"
            schema: Any = [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ]
            attributes: Any = [
                {"AttributeName": key, "AttributeType": "N" if key == "seq" else "S"} for key in keys
            ]
            database.create_table(
                TableName=name, KeySchema=schema, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
            )
        yield names


@pytest.fixture
def stage(table_names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with these tables, at a fixed time. Names are ids."""
    monkeypatch.setattr(lookup, "channel_id", lambda _stage, name: name)
    monkeypatch.setattr(lookup, "user_id", lambda _stage, name: name)
    monkeypatch.setattr(times, "now", lambda: NOW_S * 1000)
    return deployed_stage(Data=table_names)


def put(stage: Stage, table: str, **row: Any) -> None:
    """Store a row."""
    stage.table(tables.output_name(table)).put_item(Item=row)


def test_a_row_is_shown_as_it_is_stored(stage: Stage):
    """With the types of JSON; there is nothing to repair."""
    put(stage, "messageIds", messageId="m-1", channelId="general", seq=7)
    found = explore.row(stage, "messageIds", ("m-1",))
    assert found.row == {"messageId": "m-1", "channelId": "general", "seq": 7}
    assert (found.fault, found.repair) == (None, None)


def test_an_unreadable_row_says_why_and_has_the_command_that_repairs_it(stage: Stage):
    """The key of a message has a number."""
    put(stage, "messages", channelId="general", seq=3, messageId="m-3")
    found = explore.row(stage, "messages", ("general", "3"))
    assert found.fault
    assert found.repair == stage.command("repair", "messages", "general", "3")
    assert found.key == {"channelId": "general", "seq": 3}


def test_a_missing_row_has_the_command_that_restores_it(stage: Stage):
    """No row is an answer, not an error."""
    found = explore.row(stage, "users", ("u-none",))
    assert (found.row, found.fault, found.repair) == (None, None, stage.command("repair", "users", "u-none"))


def test_the_key_of_a_user_s_texts_is_not_shown(stage: Stage):
    """With it, all texts of the user could be read."""
    put(stage, "textKeys", userId="u-1", textKey=b"k" * 64)
    found = explore.row(stage, "textKeys", ("u-1",))
    assert (found.row, found.fault) == ({"userId": "u-1", "textKey": "(64 bytes, not shown)"}, None)


@pytest.mark.parametrize(
    ("table", "key", "error"),
    [
        ("nothing", ("a",), BadRequestError),
        ("messages", ("general",), BadRequestError),
        ("messages", ("general", "three"), BadRequestError),
        ("users", ("",), NotFoundError),
    ],
)
def test_a_key_that_no_row_can_have_is_refused(stage: Stage, table: str, key: tuple[str, ...], error: type):
    """With a sentence that names what the table's key is."""
    with pytest.raises(error):
        explore.row(stage, table, key)


def test_every_table_with_rows_of_the_chat_can_be_looked_up():
    """The names of the key attributes are those of the form."""
    listed = {item.table: item.key for item in explore.table_list().items}
    assert listed["messages"] == ["channelId", "seq"]
    assert set(listed) == set(tables.ROW_TYPES)


def test_connections_have_their_users_the_newest_first(stage: Stage):
    """An expired and an unreadable one too; a connection of a user without a row has no name."""
    put(stage, "users", userId="u-1", username="dora", displayName="Dora", lastSeenAt="2027-01-15T08:00:00.000Z")
    common = {"userId": "u-1", "sessionId": "s", "expiresAt": NOW_S + 60}
    put(stage, "connections", **common, connectionId="c-old", openedAt=NOW_S * 1000 - 5_000)
    put(stage, "connections", **{**common, "expiresAt": NOW_S}, connectionId="c-expired", openedAt=1)
    put(stage, "connections", userId="u-2", connectionId="c-new", openedAt=NOW_S * 1000, expiresAt=NOW_S + 60)
    found = explore.connections(stage, None)
    listed = [(one.connection_id, one.name, one.expired, bool(one.fault)) for one in found.items]
    assert listed == [
        ("c-new", None, False, True),
        ("c-old", "Dora", False, False),
        ("c-expired", "Dora", True, False),
    ]
    assert found.items[1].last_seen_at == "2027-01-15T08:00:00.000Z"
    assert not found.truncated


@pytest.mark.parametrize(("identifier", "searched"), [("0193a0b2-1111", "about"), ("", "errors")])
def test_log_lines_are_those_of_the_command(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, identifier: str, searched: str
):
    """About an id, or all errors; the latest, with what the workflow's log level hides."""
    lines = [
        LogLine(at_ms=at, function="Api", level="ERROR", message=str(at), correlation_id=None, details={})
        for at in range(explore.MAX_LINES + 2)
    ]
    monkeypatch.setattr(function_logs, searched, lambda *_, **__: lines)
    monkeypatch.setattr(RunLog, "omission", "It logs ERROR only.")
    monkeypatch.setattr(function_logs, "omission", lambda _stage: "They log WARNING only.")
    found = explore.logs(stage, identifier, since_ms=0, until_ms=1)
    assert (len(found.items), found.items[0].message, found.truncated) == (explore.MAX_LINES, "2", True)
    assert found.omission == (
        "They log WARNING only. It logs ERROR only." if identifier else "It logs ERROR only."
    )


def test_an_id_that_is_not_copied_whole_is_refused(stage: Stage):
    """It would match lines about something else."""
    with pytest.raises(BadRequestError):
        explore.logs(stage, "0193", since_ms=0, until_ms=1)
