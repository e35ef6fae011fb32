"""Operators close the connections of a user and end the sessions behind them."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from functions.contract.shards import LAST_ROW, last_rows, shard_of
from ops import times
from ops.stage import user_sessions
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage, stubbed
from tests.unit.stage import stored_rows

NOW_MS = 1_795_000_000_000
KEYS = {
    "Connections": ("userId", "connectionId"),
    "Members": ("userId", "channelId"),
    "Subscriptions": ("channelId", "connectionId"),
    "Tickets": ("ticketHash",),
}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage whose user Alice has two connections, one of them expired, and Bob one; all in one channel."""
    monkeypatch.setattr(times, "now", lambda: NOW_MS)
    monkeypatch.setattr(user_sessions, "PAUSE_SECONDS", 0)
    with mock_aws():
        names = {name: f"{name}-{uuid4()}" for name in KEYS}
        made = deployed_stage(Data={f"{name}TableName": unique for name, unique in names.items()})
        for name, keys in KEYS.items():
            made.resource("dynamodb").create_table(
                TableName=names[name],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}
                    for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        for user_id, connection_id, ends_in in (("alice", "a1", 60), ("alice", "old", 0), ("bob", "b1", 60)):
            put(made, "Connections", userId=user_id, connectionId=connection_id, sessionId="s-1",
                openedAt=NOW_MS - 60_000, expiresAt=NOW_MS // 1000 + ends_in)  # fmt: skip
            put(made, "Subscriptions", channelId="c-1", connectionId=connection_id)
            put(made, "Members", userId=user_id, channelId="c-1")
        yield made


def put(stage: Stage, name: str, **row: Any) -> None:
    stage.table(name).put_item(Item=row)


def rows(stage: Stage, name: str, key: str) -> set[str]:
    return {row[key] for row in stored_rows(stage.output("Data", f"{name}TableName"))}


@pytest.fixture
def bus(stage: Stage) -> Iterator[Stubber]:
    """The bus, which accepts one event."""
    with stubbed(stage, "events") as stubber:
        stubber.add_response("put_events", {"FailedEntryCount": 0, "Entries": []}, {"Entries": ANY})
        yield stubber


@pytest.mark.parametrize(
    ("stored", "ended_at"),
    [(1_794_999_995, 1_794_999_995), (1_794_999_985, 1_794_999_990), ("damaged", 1_794_999_990)],
)
def test_of_two_operators_the_later_end_stays(stage: Stage, stored: int | str, ended_at: int):
    """`users sign-out` and `users disable` at the same time: a session that began in between has ended too."""
    put(stage, "Tickets", ticketHash="user#carol", endedAt=stored, expiresAt=NOW_MS // 1000 + 60)
    assert user_sessions.end_all(stage, "carol", until=1_794_999_990) == []
    [mark] = stored_rows(stage.output("Data", "TicketsTableName"))
    assert mark["endedAt"] == ended_at


def test_ending_marks_the_user_and_closes_the_connections(stage: Stage, bus: Stubber):
    """Rows and subscriptions are deleted and UserDisconnected is published; other users keep theirs."""
    published: list[dict[str, Any]] = []
    stage.client("events").meta.events.register(
        "provide-client-params.events.PutEvents", lambda params, **_: published.extend(params["Entries"])
    )
    with stubbed(stage, "apigatewaymanagementapi") as sockets:
        sockets.add_response("delete_connection", {}, {"ConnectionId": "a1"})
        ended = user_sessions.end_all(stage, "alice", until=1_794_999_990)
        sockets.assert_no_pending_responses()
    assert [connection.connection_id for connection in ended] == ["a1"]
    [mark] = stored_rows(stage.output("Data", "TicketsTableName"))
    assert (mark["ticketHash"], mark["endedAt"]) == ("user#alice", 1_794_999_990)
    assert mark["expiresAt"] == NOW_MS // 1000 + 7200
    assert rows(stage, "Connections", "connectionId") == {"old", "b1"}
    assert rows(stage, "Subscriptions", "connectionId") == {"old", "b1"}
    [entry] = published
    assert (entry["DetailType"], entry["EventBusName"]) == ("UserDisconnected", "bus")
    assert json.loads(entry["Detail"])["data"]["connectionId"] == "a1"


def test_a_damaged_connection_is_closed_with_the_others(stage: Stage, bus: Stubber):
    """Whatever its row says: it may be open, and its user is disabled."""
    put(stage, "Connections", userId="alice", connectionId="a1", openedAt="never", expiresAt=["garbage"])
    with stubbed(stage, "apigatewaymanagementapi") as sockets:
        sockets.add_response("delete_connection", {}, {"ConnectionId": "a1"})
        ended = user_sessions.end_all(stage, "alice", until=1_794_999_990)
        sockets.assert_no_pending_responses()
    assert [connection.connection_id for connection in ended] == ["a1"]
    assert "a1" not in rows(stage, "Connections", "connectionId")
    bus.assert_no_pending_responses()


@pytest.mark.parametrize("count", [4, "damaged"])
def test_subscriptions_in_the_shards_of_a_hot_channel_are_deleted(stage: Stage, bus: Stubber, count: int | str):
    """Also one from before the channel had shards, and those of a channel whose number of shards is damaged."""
    for row in last_rows("c-1", 4):
        put(stage, "Subscriptions", **row)
    put(stage, "Subscriptions", channelId="c-1", connectionId=LAST_ROW, nextShard="c-1#1", shards=count)
    assert shard_of("c-1", "a1", 4) == "c-1#3"
    put(stage, "Subscriptions", channelId="c-1#3", connectionId="a1")
    put(stage, "Subscriptions", channelId="c-1#3", connectionId="b1")
    with stubbed(stage, "apigatewaymanagementapi") as sockets:
        sockets.add_response("delete_connection", {}, {"ConnectionId": "a1"})
        user_sessions.close_all(stage, "alice")
    left = stored_rows(stage.output("Data", "SubscriptionsTableName"))
    assert {(row["channelId"], row["connectionId"]) for row in left} == {
        ("c-1", "old"),
        ("c-1", "b1"),
        ("c-1#3", "b1"),
        *((key, LAST_ROW) for key in ("c-1", "c-1#1", "c-1#2")),
    }
    bus.assert_no_pending_responses()


@pytest.mark.parametrize(("age_ms", "attempts"), [(60_000, 1), (500, 3)], ids=["stale", "opening"])
def test_a_handshake_is_waited_for(stage: Stage, bus: Stubber, age_ms: int, attempts: int):
    """A connection that is answered 410 is closed again while it may be opening; its rows are deleted anyway."""
    [connection] = user_sessions.connections(stage, "alice")
    opening = user_sessions.Connection(
        user_id="alice",
        connection_id="a1",
        session_id="s-1",
        opened_ms=NOW_MS - age_ms,
        expires_at=connection.expires_at,
    )
    with stubbed(stage, "apigatewaymanagementapi") as sockets:
        for _ in range(max(1, attempts - 1)):
            sockets.add_client_error("delete_connection", "GoneException", http_status_code=410)
        if attempts > 1:
            sockets.add_response("delete_connection", {}, {"ConnectionId": "a1"})
        user_sessions.close(stage, [opening])
        sockets.assert_no_pending_responses()
    assert "a1" not in rows(stage, "Connections", "connectionId")
    bus.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("websocket_url", "expected"),
    [
        ("wss://id.execute-api.eu-west-1.amazonaws.com/socket", "https://id.execute-api.eu-west-1.amazonaws.com/socket"),
        ("ws://127.0.0.1:4000/execute-api/id/socket", "http://127.0.0.1:4000/execute-api/id/socket"),
    ],
)  # fmt: skip
def test_the_callback_address_is_that_of_the_sockets(websocket_url: str, expected: str):
    """On AWS the API's own host, which signs for execute-api."""
    stage = Stage(
        name="dev", site_url="", api_url="", websocket_url=websocket_url, outputs={},
        session=deployed_stage().session, endpoint_url=None,
    )  # fmt: skip
    assert stage.client("apigatewaymanagementapi").meta.endpoint_url == expected
