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
from ops.stage import lookup
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
            {"channelId": "damaged", "name": ["garbage"]},
        ):
            made.table("Channels").put_item(Item=row)
        made.table("Messages").put_item(Item={"channelId": "lost-1", "seq": 1})
        made.table("Members").put_item(Item={"channelId": "lost-2", "userId": "u"})
        made.table("Users").put_item(Item={"userId": "only-a-row", "username": "otto"})
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
    """Also one whose own row is lost, and next to a row that cannot be read."""
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


def user_pool_answers(stage: Stage, quoted: str, *, with_id: str | None, with_name: str | None) -> Stubber:
    """Expect a search for an id and for a username. The arguments are the ids of the users that are found."""
    stubber = stubbed(stage, "cognito-idp")
    for attribute, found in (("sub", with_id), ("username", with_name)):
        attributes = [{"Name": "sub", "Value": str(found)}]
        name = f"name-of-{found}"
        user = {"Username": name, "Attributes": attributes, "UserStatus": "CONFIRMED", "Enabled": True}
        request = {"UserPoolId": "us-east-1_Users", "Filter": f'{attribute} = "{quoted}"', "Limit": 1}
        stubber.add_response("list_users", {"Users": [user] if found else []}, request)
    return stubber


@pytest.mark.parametrize(("text", "with_id", "with_name"), [("alice", None, "sub-1"), ("sub-1", "sub-1", None)])
def test_a_user_is_found_by_name_or_id(stage: Stage, text: str, with_id: str | None, with_name: str | None):
    """The other search finds none."""
    with user_pool_answers(stage, text, with_id=with_id, with_name=with_name) as stubber:
        assert choose_user(stage, text) == "sub-1"
    stubber.assert_no_pending_responses()


def test_an_id_that_is_the_name_of_another_user_is_refused(stage: Stage):
    """Users choose their names, also the id of another user. The message says how to name both."""
    with (
        user_pool_answers(stage, "sub-1", with_id="sub-1", with_name="sub-2"),
        pytest.raises(BadRequestError, match="use 'name-of-sub-1' or 'sub-2'"),
    ):
        lookup.user(stage, "sub-1")


def test_the_id_of_a_deleted_user_that_is_the_name_of_another_user_is_refused(stage: Stage):
    """Only a row is left of the user with this id."""
    with (
        user_pool_answers(stage, "only-a-row", with_id=None, with_name="sub-2"),
        pytest.raises(BadRequestError, match="use 'otto' or 'sub-2'"),
    ):
        lookup.user(stage, "only-a-row")


@pytest.mark.parametrize(
    ("text", "quoted"), [("unknown", "unknown"), ('a" or sub = "b', r"a\" or sub = \"b"), ("\\", r"\\")]
)
def test_an_unknown_user_is_an_error(stage: Stage, text: str, quoted: str):
    """Whatever characters the name has: it cannot change the filter."""
    with (
        user_pool_answers(stage, quoted, with_id=None, with_name=None),
        pytest.raises(NotFoundError, match="There is no user"),
    ):
        choose_user(stage, text)


def test_a_user_who_is_no_longer_in_the_pool_is_found_by_their_row(stage: Stage):
    """By id or username."""
    with user_pool_answers(stage, "only-a-row", with_id=None, with_name=None):
        assert choose_user(stage, "only-a-row") == "only-a-row"
    with user_pool_answers(stage, "otto", with_id=None, with_name=None):
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
