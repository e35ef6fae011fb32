"""Channels and users are found by id and by name."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ops.commands.names import choose_channel, choose_user
from ops.errors import BadRequestError, NotFoundError
from ops.follow import message_report
from ops.stage import lookup, tables
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage, stubbed

KEYS = {
    "Channels": ("channelId",),
    "Members": ("userId", "channelId"),
    "Messages": ("channelId", "seq"),
    "Users": ("userId",),
}


def definition(name: str, keys: Sequence[str]) -> dict[str, Any]:
    """A table with these keys; with two of them also the index byChannel."""
    schema = [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]
    by_channel = {
        "IndexName": "byChannel",
        "KeySchema": [{"AttributeName": "channelId", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    return {
        "TableName": name,
        "KeySchema": schema,
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "N" if key == "seq" else "S"} for key in keys
        ],
        "BillingMode": "PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": [by_channel]} if len(keys) > 1 else {}),
    }


@pytest.fixture(scope="module")
def table_names() -> Iterator[dict[str, str]]:
    """The names of tables with channels, two channels whose own rows are lost, and a row of a user."""
    with mock_aws():
        database, suffix = boto3.client("dynamodb", region_name="us-east-1"), uuid4()
        names = {f"{name}TableName": f"{name}-{suffix}" for name in KEYS}
        for name, keys in KEYS.items():
            database.create_table(**definition(names[f"{name}TableName"], keys))
        made = deployed_stage(Data=names)
        for row in (
            {"channelId": "c-1", "name": "General"},
            {"channelId": "c-2", "name": "twice"},
            {"channelId": "c-3", "name": "twice"},
        ):
            tables.table(made, "Channels").put_item(Item=row)
        tables.table(made, "Messages").put_item(Item={"channelId": "lost-1", "seq": 1})
        tables.table(made, "Members").put_item(Item={"channelId": "lost-2", "userId": "u"})
        tables.table(made, "Users").put_item(Item={"userId": "only-a-row", "username": "otto"})
        yield names


@pytest.fixture
def stage(table_names: dict[str, str]) -> Stage:
    """A stage with these tables, which the tests only read."""
    return deployed_stage(Data=table_names)


@pytest.mark.parametrize(
    ("text", "found"),
    [("c-1", "c-1"), ("General", "c-1"), ("general", "c-1"), ("lost-1", "lost-1"), ("lost-2", "lost-2")],
)
def test_a_channel_is_found_by_id_or_name(stage: Stage, text: str, found: str):
    """Also one whose own row is lost."""
    chosen = choose_channel(stage, text)
    assert (chosen.channel_id, chosen.unknown) == (found, None)
    chosen.require(None)


def test_an_unknown_channel_is_an_error_unless_something_of_it_is_found(stage: Stage):
    """An id may be known only to the archive."""
    chosen = choose_channel(stage, "nope")
    assert chosen.channel_id == "nope"
    chosen.require(["an archived event"])
    with pytest.raises(NotFoundError, match="There is no channel 'nope'"):
        chosen.require([])


def test_a_name_of_several_channels_asks_for_an_id(stage: Stage):
    """The ids are in the message."""
    with pytest.raises(BadRequestError, match=r"2 channels are called 'twice'.*c-[23], c-[23]"):
        choose_channel(stage, "twice")


def test_without_the_option_nothing_is_looked_up():
    """No call is made."""
    chosen = choose_channel(deployed_stage(), None)
    chosen.require(None)
    assert (chosen.channel_id, choose_user(deployed_stage(), None)) == (None, None)


def user_pool_answers(stage: Stage, filters: Sequence[str], found: str | None) -> Stubber:
    """Expect one ListUsers for each filter; the last one finds the user with this id, if any."""
    stubber = stubbed(stage, "cognito-idp")
    for position, condition in enumerate(filters, 1):
        attributes = [{"Name": "sub", "Value": found}]
        user = {"Username": "alice", "Attributes": attributes, "UserStatus": "CONFIRMED", "Enabled": True}
        users = [user] if found and position == len(filters) else []
        request = {"UserPoolId": "us-east-1_Users", "Filter": condition, "Limit": 1}
        stubber.add_response("list_users", {"Users": users}, request)
    return stubber


@pytest.mark.parametrize(
    ("text", "filters"),
    [("alice", ['username = "alice"']), ("sub-1", ['username = "sub-1"', 'sub = "sub-1"'])],
)
def test_a_user_is_found_by_name_or_id(stage: Stage, text: str, filters: list[str]):
    """The name is tried first."""
    with user_pool_answers(stage, filters, "sub-1") as stubber:
        assert choose_user(stage, text) == "sub-1"
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("text", "quoted"), [("unknown", "unknown"), ('a" or sub = "b', r"a\" or sub = \"b"), ("\\", r"\\")]
)
def test_an_unknown_user_is_an_error(stage: Stage, text: str, quoted: str):
    """Whatever characters the name has: it cannot change the filter."""
    filters = [f'username = "{quoted}"', f'sub = "{quoted}"']
    with user_pool_answers(stage, filters, None), pytest.raises(NotFoundError, match="There is no user"):
        choose_user(stage, text)


def test_a_user_who_is_no_longer_in_the_pool_is_found_by_their_row(stage: Stage):
    """By id or username."""
    with user_pool_answers(stage, ['username = "only-a-row"', 'sub = "only-a-row"'], None):
        assert choose_user(stage, "only-a-row") == "only-a-row"
    with user_pool_answers(stage, ['username = "otto"', 'sub = "otto"'], None):
        assert lookup.user(stage, "otto") == lookup.KnownUser("only-a-row", None)


@pytest.mark.parametrize("text", ["", "x" * 2_049])
def test_what_no_table_can_look_for_is_unknown(stage: Stage, text: str):
    """AWS refuses such requests, with a message about its own parameters."""
    assert lookup.channel_id(stage, text) is None
    with pytest.raises(NotFoundError, match="There is no channel"):
        choose_channel(stage, text)
    with pytest.raises(NotFoundError, match="There is no user"):
        lookup.user(stage, text)
    with pytest.raises(NotFoundError, match="cannot be the id of a message"):
        message_report.follow(stage, text)
