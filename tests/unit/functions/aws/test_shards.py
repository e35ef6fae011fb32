"""The subscriptions of a sharded channel: each is found, and deleted, in whichever shard it was written."""

from typing import Any

import pytest

from functions.aws import connections
from functions.contract.shards import LAST_ROW, last_rows, possible_shards, shard_key, shard_of
from functions.logic import presence
from tests.unit.builders import CHANNEL, NOW_MS
from tests.unit.stage import Stage

IDS = [f"conn-{number}=" for number in range(12)]
"""Of each shard two or more."""
SHARDS = 4


def shard(stage: Stage, shards: int = SHARDS) -> None:
    for row in last_rows("c-1", shards):
        stage.put("subscriptions", **row)


def subscribed(stage: Stage) -> set[str]:
    found = connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS)
    return {connection.connection_id for connection in found}


def rows_of_connections(stage: Stage) -> set[tuple[str, str]]:
    return {pair for pair in stage.subscriptions() if pair[1] != LAST_ROW}


def test_connections_are_spread_over_the_shards(stage: Stage):
    """And all of them are subscribers, those from before the channel was sharded too."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "before")
    shard(stage)
    for connection_id in IDS:
        stage.connect("alice", connection_id)
    keys = {key for key, _ in rows_of_connections(stage)}
    assert keys == {"c-1", "c-1#1", "c-1#2", "c-1#3"}
    assert subscribed(stage) == {"before", *IDS}


@pytest.mark.slow
def test_a_connection_is_deleted_from_its_shard(stage: Stage):
    """Also if its row is from before the channel was sharded."""
    stage.add_channel(CHANNEL, "alice")
    before = [f"before-{number}" for number in range(6)]
    for connection_id in before:
        stage.connect("alice", connection_id)
    shard(stage)
    for connection_id in IDS:
        stage.connect("alice", connection_id)
    for connection_id in (*before, *IDS):
        assert connections.subscriber("subscriptions", "c-1", connection_id) == "alice"
        connections.delete(stage.connect_settings(), "alice", connection_id)
        connections.unsubscribe_all(stage.connect_settings(), "alice", connection_id)
        assert connections.subscriber("subscriptions", "c-1", connection_id) is None
    assert rows_of_connections(stage) == set()


def test_a_channel_whose_sharding_was_stopped_is_not_sharded(stage: Stage):
    """The row of the first shard is written last, so no writer uses shards that readers do not find."""
    stage.add_channel(CHANNEL, "alice")
    *others, first = last_rows("c-1", SHARDS)
    assert first["channelId"] == "c-1"
    for row in others:
        stage.put("subscriptions", **row)
    stage.connect("alice", IDS[0])
    assert rows_of_connections(stage) == {("c-1", IDS[0])}
    assert subscribed(stage) == {IDS[0]}


def test_a_shard_without_connections_does_not_end_the_list(stage: Stage):
    """The rows that name the next shard are there in any case."""
    shard(stage)
    stage.put("subscriptions", channelId="c-1#3", connectionId="last", userId="u", expiresAt=NOW_MS)
    assert subscribed(stage) == {"last"}


@pytest.mark.parametrize("damage", [{"nextShard": 7}, {}], ids=["of another type", "without attributes"])
def test_a_damaged_row_that_names_the_next_shard_hides_no_connection(stage: Stage, damage: dict[str, Any]):
    """The shards are numbered, so the next one is known."""
    for row in last_rows("c-1", SHARDS):
        stage.put("subscriptions", channelId=row["channelId"], connectionId=row["connectionId"], **damage)
    stage.put("subscriptions", channelId="c-1#3", connectionId="last", userId="u", expiresAt=NOW_MS)
    assert subscribed(stage) == {"last"}


@pytest.mark.parametrize("connection_id", IDS[:5])
def test_the_first_shard_is_where_a_connection_may_always_be(connection_id: str):
    """A writer that does not know of the shards uses it."""
    assert shard_of("c-1", connection_id, 1) == "c-1"
    possible = possible_shards("c-1", connection_id, SHARDS)
    assert {"c-1", shard_of("c-1", connection_id, SHARDS)} == set(possible)


def test_the_row_that_names_the_next_shard_sorts_after_every_connection():
    """API Gateway's ids are base64; the emulator's are UUIDs."""
    assert max(["zzz=", "ZZZ", "___", "---", "+/9="]) < LAST_ROW
    assert [shard_key("c-1", number) for number in range(3)] == ["c-1", "c-1#1", "c-1#2"]


def test_presence_and_typing_of_a_channel_over_the_limit_cost_nothing_per_member(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """10,000 members and 1,000 connections: neither is listed, and nothing is posted."""
    stage.add_channel(CHANNEL, "alice")
    stage.put("channels", **(stage.rows("channels")[0] | {"memberCount": 10_000}))
    reads: list[Any] = []
    monkeypatch.setattr(connections, "subscribers", lambda *arguments, **_: reads.append(arguments))
    assert presence.live_channels(stage.status_settings(), ["c-1"]) == []
    assert presence.audiences(stage.status_settings(), ["alice"], now_ms=NOW_MS) == {"alice": {}}
    assert reads == []
