"""`$connect` and `$disconnect`."""

import pytest

from functions.aws.bus import PublishError
from functions.handlers import connect, disconnect
from tests.unit.builders import AT, CHANNEL, HOUR_MS, NOW_MS, socket_event
from tests.unit.functions.handlers.conftest import Call, Logs
from tests.unit.stage import Stage


def test_connecting_stores_subscribes_and_publishes(call: Call, stage: Stage, logs: Logs):
    """And counts the connection."""
    stage.add_channel(CHANNEL, "alice")
    assert call(connect.handler, socket_event(route="$connect")) == {"statusCode": 200}
    [row] = stage.rows("connections")
    assert (row["userId"], row["connectionId"], row["expiresAt"]) == ("alice", "a1", (NOW_MS + HOUR_MS) // 1000)
    assert stage.subscriptions() == {("c-1", "a1")}
    [event] = stage.published()
    assert event["detail-type"] == "UserConnected"
    assert event["detail"]["data"] == {"userId": "alice", "connectionId": "a1", "connectedAt": AT}
    assert event["detail"]["metadata"]["actor"] == "alice"
    assert logs.metric("NewConnections") == [1]


def test_a_connection_that_cannot_be_published_is_refused(
    call: Call, stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """An exception refuses the socket, and the client tries again. What is stored would count as a connection."""

    def fail(*_: object, **__: object) -> None:
        raise PublishError("1 of 1 events: ThrottlingException")

    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a2")
    monkeypatch.setattr("functions.aws.bus.publish", fail)
    with pytest.raises(PublishError):
        call(connect.handler, socket_event(route="$connect"))
    assert [row["connectionId"] for row in stage.rows("connections")] == ["a2"]
    assert stage.subscriptions() == {("c-1", "a2")}


def test_the_reason_of_a_refused_connection_is_raised(call: Call, stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Also if what is stored of it cannot be deleted."""
    monkeypatch.setattr("functions.aws.bus.publish", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("functions.aws.connections.delete", lambda *_: [][0])
    with pytest.raises(ZeroDivisionError):
        call(connect.handler, socket_event(route="$connect"))


def test_disconnecting_deletes_and_publishes(call: Call, stage: Stage, logs: Logs):
    """A second event is published again, but counted once."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a1")
    stage.connect("alice", "a2")
    for _ in range(2):
        assert call(disconnect.handler, socket_event(route="$disconnect")) == {"statusCode": 200}
    assert [row["connectionId"] for row in stage.rows("connections")] == ["a2"]
    assert stage.subscriptions() == {("c-1", "a2")}
    published = [event["detail"]["data"] for event in stage.published()]
    assert published == [{"userId": "alice", "connectionId": "a1", "disconnectedAt": AT, "reason": "closed"}] * 2
    assert logs.metric("ClosedConnections") == [1]


def test_disconnecting_works_after_the_session_has_ended(call: Call, stage: Stage):
    """The connection is deleted too."""
    stage.connect("alice", "a1")
    call(disconnect.handler, socket_event(route="$disconnect", session_expires_at_ms=NOW_MS - 1))
    assert stage.rows("connections") == []


def test_a_frame_with_the_action_connect_or_disconnect_is_refused(call: Call, stage: Stage):
    """Nothing is stored, deleted or published."""
    stage.connect("alice", "a1")
    for handler, route in ((connect.handler, "$connect"), (disconnect.handler, "$disconnect")):
        event = socket_event({"action": route}, route=route)
        event["requestContext"]["eventType"] = "MESSAGE"
        assert call(handler, event) == {"statusCode": 400}
    assert len(stage.rows("connections")) == 1
    assert stage.published() == []
