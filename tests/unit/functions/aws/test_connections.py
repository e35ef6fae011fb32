"""Connections and their subscriptions, also when two things happen at once."""

from typing import Any

import pytest

from functions.aws import connections, members
from functions.logic import disconnection, membership
from tests.unit.builders import CHANNEL, HOUR_MS, NOW_MS, member
from tests.unit.stage import Stage

NOW = NOW_MS // 1000
TABLES = {
    "connections_table": "connections",
    "subscriptions_table": "subscriptions",
    "members_table": "members",
}
OTHER = CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"})


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let something happen between two steps: right after the named function of `connections` is called next."""

    def step(name: str, happens: Any) -> None:
        original = getattr(connections, name)

        def interrupted(*arguments: Any, **named_ones: Any) -> Any:
            monkeypatch.setattr(connections, name, original)
            result = original(*arguments, **named_ones)
            happens()
            return result

        monkeypatch.setattr(connections, name, interrupted)

    return step


def test_a_connection_hears_its_users_channels(stage: Stage):
    """All of them, and none of others'."""
    stage.add_channel(CHANNEL, "alice")
    stage.add_channel(OTHER, "alice", "bob")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    assert stage.subscriptions() == {("c-1", "a1"), ("c-2", "a1")}
    assert {row["expiresAt"] for row in stage.rows("subscriptions")} == {NOW + 60}


def test_who_is_removed_while_connecting_is_not_subscribed(stage: Stage, during: Any):
    """The membership went after it was read and before the subscription was written."""
    stage.add_channel(CHANNEL, "alice")
    stage.add_channel(OTHER, "alice")
    during("subscribe", lambda: members.remove("members", "channels", member()))
    stage.connect("alice", "a1")
    assert stage.subscriptions() == {("c-2", "a1")}


def test_who_joins_while_connecting_is_subscribed(stage: Stage, during: Any):
    """The connection read the memberships too early; the join reads the connections afterwards."""
    alice = stage.add_user("alice")
    stage.add_channel(CHANNEL)
    during(
        "subscribe",
        lambda: membership.join(stage.settings(), CHANNEL, alice, actor_id="alice", now_ms=NOW_MS),
    )
    stage.connect("alice", "a1")
    assert stage.subscriptions() == {("c-1", "a1")}


def test_forgetting_leaves_nothing_of_it_and_all_of_others(stage: Stage):
    """True the first time only."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for user_id, connection_id in (("alice", "a1"), ("alice", "a2"), ("bob", "b1")):
        stage.connect(user_id, connection_id)
    assert [connections.delete("alice", "a1", **TABLES) for _ in range(2)] == [True, False]
    assert {row["connectionId"] for row in stage.rows("connections")} == {"a2", "b1"}
    assert stage.subscriptions() == {("c-1", "a2"), ("c-1", "b1")}


def test_what_expired_counts_no_more(stage: Stage):
    """DynamoDB deletes expired rows days later; until then they are passed over."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "old", expires_at=NOW)
    stage.connect("alice", "new", expires_at=NOW + 1)
    mine = connections.of_user("connections", "alice", now_ms=NOW_MS)
    heard = connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS)
    assert [each.connection_id for each in mine] == ["new"]
    assert [each.connection_id for each in heard] == ["new"]


@pytest.mark.parametrize(
    ("session_expires_at_ms", "expires_at"),
    [(NOW_MS + HOUR_MS, NOW + 3600), (NOW_MS + 3 * HOUR_MS, NOW + 7200), (NOW_MS, NOW)],
)
def test_a_connection_lasts_two_hours_or_its_session(session_expires_at_ms: int, expires_at: int):
    """Whichever ends first."""
    assert connections.expiry(now_ms=NOW_MS, session_expires_at_ms=session_expires_at_ms) == expires_at


def test_the_user_behind_a_subscription_is_found(stage: Stage):
    """As long as it is there, and nobody behind one that is not."""
    stage.add_channel(CHANNEL, "alice")
    stage.connect("alice", "a1")
    assert connections.subscriber("subscriptions", "c-1", "a1") == "alice"
    assert connections.subscriber("subscriptions", "c-1", "a2") is None


@pytest.mark.parametrize(("age_ms", "is_opening"), [(0, True), (9_999, True), (10_000, False)])
def test_a_connection_is_opening_for_ten_seconds(stage: Stage, age_ms: int, is_opening: bool):
    """After that a 410 means gone; and what is not stored is not opening."""
    stage.connect("alice", "a1", opened_at_ms=NOW_MS - age_ms)
    assert connections.is_opening("connections", "alice", "a1", now_ms=NOW_MS) is is_opening
    assert not connections.is_opening("connections", "alice", "a2", now_ms=NOW_MS)


def test_every_subscriber_of_a_large_channel_is_found(stage: Stage):
    """More than one page of DynamoDB's: nobody misses frames because many listen."""
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


def test_a_departure_is_told_each_time_it_is_noticed(stage: Stage):
    """Presence is recomputed from the tables, so a second notice does no harm; a lost one would."""
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
    told = stage.published()
    assert [event["detail"]["data"]["reason"] for event in told] == ["gone", "gone"]
    assert stage.rows("connections") == stage.rows("subscriptions") == []
