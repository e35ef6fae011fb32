"""Connections and their subscriptions, also when two changes happen at the same time."""

from typing import Any

import pytest

from functions.aws import connections, members
from functions.logic import disconnection, membership
from tests.unit.builders import CHANNEL, HOUR_MS, NOW_MS, member
from tests.unit.stage import Stage

NOW = NOW_MS // 1000
OTHER = CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"})


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a function in the middle of another: right after (or before) the next call of one of `connections`."""

    def step(name: str, function: Any, *, before: bool = False) -> None:
        original = getattr(connections, name)

        def interrupted(*arguments: Any, **keywords: Any) -> Any:
            monkeypatch.setattr(connections, name, original)
            if before:
                function()
                return original(*arguments, **keywords)
            result = original(*arguments, **keywords)
            function()
            return result

        monkeypatch.setattr(connections, name, interrupted)

    return step


def test_a_connection_is_subscribed_to_its_users_channels(stage: Stage):
    """To all of them, and to no others."""
    stage.add_channel(CHANNEL, "alice")
    stage.add_channel(OTHER, "alice", "bob")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    assert stage.subscriptions() == {("c-1", "a1"), ("c-2", "a1")}
    assert {row["expiresAt"] for row in stage.rows("subscriptions")} == {NOW + 60}


def test_a_user_removed_while_connecting_is_not_subscribed(stage: Stage, during: Any):
    """The membership is deleted after it was read and before the subscription is written."""
    stage.add_channel(CHANNEL, "alice")
    stage.add_channel(OTHER, "alice")
    during("subscribe", lambda: members.remove("members", "channels", member()))
    stage.connect("alice", "a1")
    assert stage.subscriptions() == {("c-2", "a1")}


def test_a_user_who_joins_while_connecting_is_subscribed(stage: Stage, during: Any):
    """The connection reads the memberships before the join, and the join reads the connections after it."""
    alice = stage.add_user("alice")
    stage.add_channel(CHANNEL)
    during(
        "subscribe",
        lambda: membership.join(
            stage.settings(), CHANNEL, alice, actor_id="alice", correlation_id="r-1", now_ms=NOW_MS
        ),
    )
    stage.connect("alice", "a1")
    assert stage.subscriptions() == {("c-1", "a1")}


def test_a_user_who_is_removed_while_they_join_is_not_subscribed(stage: Stage, during: Any):
    """Otherwise they would get the frames of a channel that they are not in."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice")
    stage.connect("bob", "b1")
    during(
        "subscribe",
        lambda: membership.leave(
            stage.settings(), CHANNEL, "bob", actor_id="alice", correlation_id="r-1", now_ms=NOW_MS
        ),
        before=True,
    )
    membership.join(stage.settings(), CHANNEL, bob, actor_id="alice", correlation_id="r-1", now_ms=NOW_MS)
    assert members.get("members", "bob", "c-1") is None
    assert stage.subscriptions() == set()


def test_a_user_who_is_added_while_they_leave_is_subscribed(stage: Stage, during: Any):
    """Otherwise a member would get no frames until they connect again."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.connect("bob", "b1")
    during(
        "unsubscribe",
        lambda: membership.join(
            stage.settings(), CHANNEL, bob, actor_id="alice", correlation_id="r-1", now_ms=NOW_MS
        ),
        before=True,
    )
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", correlation_id="r-1", now_ms=NOW_MS)
    assert members.get("members", "bob", "c-1") is not None
    assert stage.subscriptions() == {("c-1", "b1")}


def test_deleting_a_connection_deletes_its_rows_only(stage: Stage):
    """Returns True the first time only. The subscriptions are deleted separately."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for user_id, connection_id in (("alice", "a1"), ("alice", "a2"), ("bob", "b1")):
        stage.connect(user_id, connection_id)
    assert [connections.delete(stage.connect_settings(), "alice", "a1") for _ in range(2)] == [True, False]
    assert {row["connectionId"] for row in stage.rows("connections")} == {"a2", "b1"}
    assert stage.subscriptions() == {("c-1", "a1"), ("c-1", "a2"), ("c-1", "b1")}
    connections.unsubscribe_all(stage.connect_settings(), "alice", "a1")
    assert stage.subscriptions() == {("c-1", "a2"), ("c-1", "b1")}


def test_expired_rows_are_ignored(stage: Stage):
    """DynamoDB deletes expired rows days later."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "old", expires_at=NOW)
    stage.connect("alice", "new", expires_at=NOW + 1)
    mine = connections.of_user("connections", "alice", now_ms=NOW_MS)
    subscribers = connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS)
    assert [connection.connection_id for connection in mine] == ["new"]
    assert [connection.connection_id for connection in subscribers] == ["new"]


@pytest.mark.parametrize(
    ("session_expires_at_ms", "expires_at"),
    [(NOW_MS + HOUR_MS, NOW + 3600), (NOW_MS + 3 * HOUR_MS, NOW + 7200), (NOW_MS, NOW)],
)
def test_a_connection_expires_after_two_hours_or_with_its_session(session_expires_at_ms: int, expires_at: int):
    """Whichever is first."""
    assert connections.expiry(now_ms=NOW_MS, session_expires_at_ms=session_expires_at_ms) == expires_at


def test_subscriber_returns_the_user_of_a_subscription(stage: Stage):
    """And None if there is no such subscription."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a1")
    assert connections.subscriber("subscriptions", "c-1", "a1") == "alice"
    assert connections.subscriber("subscriptions", "c-1", "a2") is None


@pytest.mark.parametrize(("age_ms", "is_opening"), [(0, True), (9_999, True), (10_000, False)])
def test_a_connection_is_opening_for_ten_seconds(stage: Stage, age_ms: int, is_opening: bool):
    """After that, a 410 means that it is gone. A connection that is not stored is not opening."""
    stage.connect("alice", "a1", opened_at_ms=NOW_MS - age_ms)
    assert connections.is_opening("connections", "alice", "a1", now_ms=NOW_MS) is is_opening
    assert not connections.is_opening("connections", "alice", "a2", now_ms=NOW_MS)


def test_all_pages_of_subscribers_are_read(stage: Stage):
    """DynamoDB returns at most a megabyte per page."""
    for number in range(30):
        stage.put(
            "subscriptions",
            channelId="c-1",
            connectionId=f"k-{number}",
            userId="alice",
            expiresAt=NOW + 60,
            padding="x" * 100_000,
        )
    assert len(list(connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS))) == 30


def test_disconnecting_twice_publishes_twice(stage: Stage):
    """A repeated event is harmless, because presence is recomputed from the tables; a lost one is not."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a1")
    for _ in range(2):
        disconnection.disconnect(
            stage.connect_settings(),
            user_id="alice",
            connection_id="a1",
            reason="gone",
            correlation_id="r-1",
            now_ms=NOW_MS,
        )
    events = stage.published()
    assert [event["detail"]["data"]["reason"] for event in events] == ["gone", "gone"]
    assert stage.rows("connections") == stage.rows("subscriptions") == []
