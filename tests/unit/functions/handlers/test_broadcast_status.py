"""The queue `status`: the latest state is posted once per batch to each connection that it concerns."""

from typing import Any

import pytest

from functions.aws import users
from functions.aws.bus import PublishError
from functions.chat.presence import MAX_LIVE_MEMBERS
from functions.contract.events import ChannelRead, TypingStarted, UserConnected, UserDisconnected, UserRenamed
from functions.contract.model import Shape, timestamp
from functions.handlers import broadcast_status
from tests.unit.builders import AT, CHANNEL, NOW_MS, LambdaContext, bus_event, facts, sqs_event
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import Stage


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice with two connections and Bob with one share a channel; Carol is in another."""
    stage.fill(write_people)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    for user_id in ("alice", "bob", "carol"):
        stage.add_user(user_id)
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "carol")
    for user_id, connection_id in (("alice", "a1"), ("alice", "a2"), ("bob", "b1"), ("carol", "c1")):
        stage.connect(user_id, connection_id)


@pytest.fixture
def broadcast(call: Call, people: Stage, sockets: Sockets) -> Any:
    """Call the function with a batch; returns the records that failed."""

    def call_with(*updates: Shape | str | dict[str, Any]) -> list[str]:
        bodies = [bus_event(update) if isinstance(update, Shape) else update for update in updates]
        answer = call(broadcast_status.handler, sqs_event(*bodies))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return call_with


def connected(user_id: str, connection_id: str) -> UserConnected:
    return UserConnected(user_id=user_id, connection_id=connection_id, connected_at=AT)


def disconnected(user_id: str, connection_id: str) -> UserDisconnected:
    return UserDisconnected(user_id=user_id, connection_id=connection_id, disconnected_at=AT, reason="closed")


def renamed(user_id: str, display_name: str) -> UserRenamed:
    return UserRenamed(user_id=user_id, display_name=display_name, renamed_at=AT)


def typing(user_id: str, seconds: int = 6, channel_id: str = "c-1") -> TypingStarted:
    return TypingStarted(channel_id=channel_id, user_id=user_id, until=timestamp(NOW_MS + seconds * 1000))


def read(user_id: str, seq: int, channel_id: str = "c-1") -> ChannelRead:
    return ChannelRead(channel_id=channel_id, user_id=user_id, read_seq=seq)


def close(stage: Stage, user_id: str, connection_id: str) -> None:
    stage.dynamodb.Table("connections").delete_item(Key={"userId": user_id, "connectionId": connection_id})


def test_several_changes_are_one_frame(broadcast: Any, sockets: Sockets):
    """Each connection gets one frame about all users who share a channel with its user, and none about others."""
    assert broadcast(connected("alice", "a1"), connected("bob", "b1"), connected("alice", "a2")) == []
    assert set(sockets.received) == {"a1", "a2", "b1"}
    for [frame] in sockets.received.values():
        assert frame["type"] == "presence"
        assert [(change["userId"], change["status"]) for change in frame["changes"]] == [
            ("alice", "online"),
            ("bob", "online"),
        ]


def test_changes_that_do_not_fit_into_one_frame_are_several(
    broadcast: Any, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
):
    """Such as when hundreds of people connect again after an interruption."""
    monkeypatch.setattr("functions.logic.broadcast.MAX_PRESENCE_CHANGES_PER_FRAME", 1)
    assert broadcast(connected("alice", "a1"), connected("bob", "b1")) == []
    for frames in sockets.received.values():
        assert [[change["userId"] for change in frame["changes"]] for frame in frames] == [["alice"], ["bob"]]


def test_closing_one_of_two_connections_posts_nothing(broadcast: Any, people: Stage, sockets: Sockets):
    """Closing the last one posts a change."""
    broadcast(connected("alice", "a1"))
    sockets.received.clear()
    close(people, "alice", "a1")
    broadcast(disconnected("alice", "a1"))
    assert sockets.received == {}
    close(people, "alice", "a2")
    broadcast(disconnected("alice", "a2"))
    assert [change["status"] for change in sockets.received["b1"][0]["changes"]] == ["offline"]


def test_reconnecting_within_a_batch_posts_nothing(broadcast: Any, people: Stage, sockets: Sockets):
    """Only the current rows of the table count, in whatever order the events arrive."""
    broadcast(connected("bob", "b1"))
    sockets.received.clear()
    broadcast(disconnected("bob", "b2"), connected("bob", "b2"), disconnected("bob", "b1"))
    assert sockets.received == {}


def test_a_new_name_is_posted_to_those_who_share_a_channel(broadcast: Any, people: Stage, sockets: Sockets):
    """And to the user's own connections. Of several updates, the name that is stored, in whatever order."""
    users.rename("users", "alice", "Alice B.")
    assert broadcast(renamed("alice", "Alice B."), renamed("alice", "Alice A.")) == []
    names = {"type": "names", "changes": [{"userId": "alice", "displayName": "Alice B."}]}
    assert sockets.received == {"a1": [names], "a2": [names], "b1": [names]}
    people.set_member_count("c-1", MAX_LIVE_MEMBERS + 1)
    sockets.received.clear()
    assert broadcast(renamed("alice", "Alice B."), renamed("unknown", "x")) == []
    assert sockets.received == {}


def test_typing_is_posted_to_the_other_members(broadcast: Any, sockets: Sockets):
    """Not to the user's own connections, and not outside the channel. Of several updates, the latest."""
    assert broadcast(typing("alice", 5), typing("alice", 7), typing("alice", 6)) == []
    assert sockets.received == {
        "b1": [
            {"type": "typing", "channelId": "c-1", "userId": "alice", "until": timestamp(NOW_MS + 7000)},
        ]
    }


def test_typing_that_has_ended_is_not_posted(broadcast: Any, sockets: Sockets):
    """It waited in the queue for too long. The records are done with."""
    assert broadcast(typing("alice", 0), typing("alice", -60), typing("bob", 1)) == []
    assert set(sockets.received) == {"a1", "a2"}


def test_a_large_channel_gets_neither_presence_nor_typing(broadcast: Any, people: Stage, sockets: Sockets):
    """But users who share a small channel too get each other's presence. Read markers are not affected."""
    people.set_member_count("c-1", MAX_LIVE_MEMBERS + 1)
    updates = (connected("alice", "a1"), connected("bob", "b1"), typing("alice"), read("alice", 3))
    assert broadcast(*updates) == []
    assert {connection: [frame["type"] for frame in got] for connection, got in sockets.received.items()} == {
        "a1": ["readMarker"],
        "a2": ["readMarker"],
    }
    people.set_member_count("c-1", MAX_LIVE_MEMBERS)
    sockets.received.clear()
    close(people, "bob", "b1")
    assert broadcast(disconnected("bob", "b1"), typing("bob")) == []
    assert [frame["type"] for frame in sockets.received["a1"]] == ["presence", "typing"]


def test_both_versions_in_one_batch_are_broadcast(broadcast: Any, sockets: Sockets):
    """While a version is rolled out. Only what this version does not understand is a failed record."""
    old, newer, too_new = (bus_event(read("alice", seq)) for seq in (3, 9, 12))
    newer["detail"]["metadata"] |= {"schemaVersion": 2, "readableFrom": 1}
    newer["detail"]["data"]["colour"] = "green"
    too_new["detail"]["metadata"] |= {"schemaVersion": 2, "readableFrom": 2}
    assert len(broadcast(old, newer, too_new)) == 1
    marker = {"type": "readMarker", "channelId": "c-1", "readSeq": 9}
    assert sockets.received == {"a1": [marker], "a2": [marker]}


def test_a_read_marker_is_posted_to_the_users_own_connections(broadcast: Any, sockets: Sockets):
    """Not to other users. Of several updates, the highest."""
    assert broadcast(read("alice", 3), read("alice", 9), read("alice", 5)) == []
    marker = {"type": "readMarker", "channelId": "c-1", "readSeq": 9}
    assert sockets.received == {"a1": [marker], "a2": [marker]}


def test_a_malformed_record_fails_alone(broadcast: Any, sockets: Sockets, logs: Logs):
    """It is logged, received again and ends as a dead letter; the other records are broadcast."""
    failed = broadcast(
        "not JSON",
        read("alice", 3),
        bus_event(facts()["ChannelRead"]) | {"detail-type": "Unknown"},
        bus_event(facts()["ChannelRead"]) | {"detail": {}},
        "[]",
        typing("bob"),
    )
    assert failed == ["m0", "m2", "m3", "m4"]
    logged = [line["recordId"] for line in logs.lines if line.get("message") == "malformed status update"]
    assert logged == failed
    assert [frame["type"] for frame in sockets.received["a1"]] == ["typing", "readMarker"]


def test_a_batch_of_malformed_records_fails_record_by_record(broadcast: Any, people: Stage):
    """The function does not raise."""
    assert broadcast("not JSON", "{}") == ["m0", "m1"]


def test_a_kind_that_cannot_be_broadcast_fails_alone(
    broadcast: Any, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
):
    """An error of the table of users does not affect typing."""
    monkeypatch.setenv("PARLEY_USERS_TABLE", "no-such-table")
    assert broadcast(connected("alice", "a1"), typing("alice"), connected("bob", "b1")) == ["m0", "m2"]
    assert [frame["type"] for frame in sockets.received["b1"]] == ["typing"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"ApproximateReceiveCount": "2"},
        {"ApproximateReceiveCount": "1", "SentTimestamp": str(NOW_MS + 5 * 180_000)},
    ],
    ids=["retried", "redriven"],
)
def test_a_change_that_was_stored_but_not_posted_is_posted_by_the_retry(
    call: Call, people: Stage, sockets: Sockets, monkeypatch: pytest.MonkeyPatch, attributes: dict[str, str]
):
    """The table has not changed since, but the broadcast is pending. A redriven dead letter is a new message."""
    batch = sqs_event(bus_event(connected("alice", "a1")))
    with monkeypatch.context() as broken:
        broken.setattr("functions.logic.presence.audiences", lambda *_, **__: 1 / 0)
        assert call(broadcast_status.handler, batch)["batchItemFailures"] == [{"itemIdentifier": "m0"}]
    batch["Records"][0]["attributes"] = attributes
    assert call(broadcast_status.handler, batch)["batchItemFailures"] == []
    assert [frame["changes"][0]["status"] for frame in sockets.received["b1"]] == ["online"]


def test_failures_of_one_batch_do_not_affect_the_next(broadcast: Any, people: Stage):
    """The process is reused."""
    assert broadcast("not JSON") == ["m0"]
    assert broadcast(read("alice", 3)) == []


def test_a_stale_connection_is_pruned(broadcast: Any, people: Stage, sockets: Sockets, logs: Logs):
    """Its user's presence is updated by the published event, which names the invocation, as the log does."""
    sockets.answers["b1"] = [410]
    assert broadcast(typing("alice")) == []
    assert "b1" not in {row["connectionId"] for row in people.rows("connections")}
    [event] = people.published()
    assert (event["detail-type"], event["detail"]["data"]["reason"]) == ("UserDisconnected", "gone")
    invocation_id = LambdaContext.aws_request_id
    assert event["detail"]["metadata"]["correlationId"] == invocation_id
    assert [line["correlationId"] for line in logs.lines if line.get("message") == "disconnected"] == [
        invocation_id
    ]


def test_a_connection_that_cannot_be_pruned_fails_no_update(
    broadcast: Any, people: Stage, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
):
    """The updates would be posted to all others again."""

    def fail(*_: object, **__: object) -> None:
        raise PublishError("1 of 1 events: ThrottlingException")

    sockets.answers["b1"] = [410]
    monkeypatch.setattr("functions.aws.bus.publish", fail)
    assert broadcast(typing("alice")) == []


@pytest.mark.slow
def test_many_stale_connections_are_pruned_concurrently(
    broadcast: Any, people: Stage, sockets: Sockets, logs: Logs
):
    """Each is deleted, published and counted once."""
    many = [f"gone-{number}" for number in range(20)]
    of_bob = [
        (table, row)
        for table in ("connections", "subscriptions")
        for row in people.rows(table)
        if row["connectionId"] == "b1"
    ]
    for connection_id in many:
        for table, row in of_bob:
            people.put(table, **row | {"connectionId": connection_id})
        sockets.answers[connection_id] = [410]
    assert broadcast(typing("alice")) == []
    assert {row["connectionId"] for row in people.rows("connections")}.isdisjoint(many)
    published = [event["detail"]["data"]["connectionId"] for event in people.published()]
    assert sorted(published) == sorted(many)
    assert sum(logs.metric("ClosedConnections")) == len(many)
    assert sum(logs.metric("PrunedConnections")) == len(many)
    assert logs.metric("StatusUpdates") == [1]
    assert logs.metric("StatusFrames") == [1]


def test_a_throttled_connection_does_not_fail_the_batch(broadcast: Any, people: Stage, sockets: Sockets):
    """A lost update is replaced by the next one; a retry would post it to the others twice."""
    sockets.answers["a1"] = [429] * 20
    assert broadcast(read("alice", 3)) == []
    assert list(sockets.received) == ["a2"]
