"""`parley shard` writes the rows that link the shards of a hot channel."""

from typing import Any

import pytest

from functions.contract.shards import last_rows
from ops.errors import BadRequestError
from ops.stage import shards, tables
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage
from tests.unit.stage import Stage as MockedTables


@pytest.fixture(autouse=True)
def table_names(stage: MockedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools read the mocked tables."""
    monkeypatch.setattr(Stage, "table", lambda _, name: stage.dynamodb.Table(name[0].lower() + name[1:]))


def linked(stage: MockedTables) -> list[str]:
    """The shards of the channel, in the order of the links."""
    following: dict[str, Any] = {row["channelId"]: row["nextShard"] for row in stage.rows("subscriptions")}
    keys = ["c-1"]
    while keys[-1] in following:
        keys.append(following[keys[-1]])
    return keys


def test_a_channel_gets_shards_once(stage: MockedTables):
    """A second call changes nothing; another number is refused."""
    assert shards.shard(deployed_stage(), "c-1", 3)
    assert linked(stage) == ["c-1", "c-1#1", "c-1#2"]
    assert not shards.shard(deployed_stage(), "c-1", 3)
    with pytest.raises(BadRequestError, match="has 3 shards"):
        shards.shard(deployed_stage(), "c-1", 4)
    assert linked(stage) == ["c-1", "c-1#1", "c-1#2"]


@pytest.mark.parametrize("count", [3, 4])
def test_two_operators_shard_a_channel_once(stage: MockedTables, monkeypatch: pytest.MonkeyPatch, count: int):
    """The number of the one who is first stays: subscriptions are looked for by it. The other gets the truth."""

    def the_other_is_first(channel_id: str, number: int) -> list[dict[str, Any]]:
        monkeypatch.setattr("ops.stage.shards.last_rows", last_rows)
        assert shards.shard(deployed_stage(), channel_id, 3)
        return last_rows(channel_id, number)

    monkeypatch.setattr("ops.stage.shards.last_rows", the_other_is_first)
    if count == 3:
        assert not shards.shard(deployed_stage(), "c-1", count)
    else:
        with pytest.raises(BadRequestError, match="has 3 shards"):
            shards.shard(deployed_stage(), "c-1", count)
    first = next(row for row in stage.rows("subscriptions") if row["channelId"] == "c-1")
    assert first["shards"] == 3


def test_the_subscriptions_of_every_shard_are_listed(stage: MockedTables):
    """`follow` names the users of connections by them."""
    shards.shard(deployed_stage(), "c-1", 3)
    for shard, connection_id in (("c-1", "a"), ("c-1#1", "b"), ("c-1#2", "c")):
        stage.put("subscriptions", channelId=shard, connectionId=connection_id, userId=f"u-{connection_id}")
    listed = {row["connectionId"]: row["userId"] for row in tables.subscriptions(deployed_stage(), "c-1")}
    assert listed == {"a": "u-a", "b": "u-b", "c": "u-c"}
