"""Presence is what the table of connections says now, and only news is told."""

from typing import Any

import pytest

from functions.aws import connections, users
from functions.logic import presence
from tests.unit.builders import CHANNEL, NOW_MS
from tests.unit.conftest import Clock
from tests.unit.stage import Stage

NOW = NOW_MS // 1000


def settle(stage: Stage, user_id: str = "alice") -> str | None:
    change = presence.update_presence(stage.status_settings(), user_id)
    return change.status if change else None


def close(connection_id: str) -> None:
    connections.delete(
        "alice",
        connection_id,
        connections_table="connections",
        subscriptions_table="subscriptions",
        members_table="members",
    )


def shown(stage: Stage, user_id: str = "alice", *, now_ms: int = NOW_MS) -> str:
    user = users.get("users", user_id, now_ms=now_ms)
    assert user is not None
    return user.status


def test_of_two_tabs_only_the_last_to_close_is_news(stage: Stage):
    """Online with the first, offline with the last, nothing in between."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    assert settle(stage) == "online"
    stage.connect("alice", "a2")
    assert settle(stage) is None
    close("a1")
    assert settle(stage) is None
    assert shown(stage) == "online"
    close("a2")
    assert settle(stage) == "offline"
    assert settle(stage) is None
    assert shown(stage) == "offline"


def test_the_order_of_events_does_not_matter(stage: Stage):
    """A late notice of an old disconnection, while a new connection is open, changes nothing."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    settle(stage)
    stage.connect("alice", "a2")
    close("a1")
    assert settle(stage) is None


def test_an_expired_connection_is_none(stage: Stage, server_time: Clock):
    """Nobody stays online because a disconnection was missed: the row is believed until its time."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    assert settle(stage) == "online"
    server_time.advance(60_000)
    assert shown(stage, now_ms=server_time.now_ms) == "offline"
    assert settle(stage) == "offline"


def test_coming_back_after_an_unseen_expiry_is_news(stage: Stage, server_time: Clock):
    """Everyone saw them offline since the row's time, though no event said so."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    settle(stage)
    server_time.advance(120_000)
    stage.connect("alice", "a2", expires_at=NOW + 3600)
    assert settle(stage) == "online"
    assert shown(stage, now_ms=server_time.now_ms) == "online"


def test_a_longer_connection_keeps_one_online_for_longer(stage: Stage):
    """It is no news, but the row's time moves, and never back."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    settle(stage)
    stage.connect("alice", "a2", expires_at=NOW + 600)
    settle(stage)
    close("a2")
    settle(stage)
    assert shown(stage, now_ms=NOW_MS + 599_000) == "online"


def test_who_is_not_in_the_directory_has_no_presence(stage: Stage):
    """And none is made up for them."""
    stage.connect("stranger", "s1")
    assert settle(stage, "stranger") is None
    assert stage.rows("users") == []


def test_a_connection_that_opens_while_settling_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Two batches at once: what was written is checked against the table again, so the last word is right."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    settle(stage)
    close("a1")
    set_presence = users.set_presence

    def interrupted(*arguments: Any, **named: Any) -> bool:
        monkeypatch.setattr(users, "set_presence", set_presence)
        stage.connect("alice", "a2")
        return set_presence(*arguments, **named)

    monkeypatch.setattr(users, "set_presence", interrupted)
    assert settle(stage) == "online"
    assert shown(stage) == "online"


def test_those_who_share_a_channel_are_told(stage: Stage):
    """Each of their connections once, however many channels they share; oneself too; strangers not."""
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-3", "name": "rum"}), "carol")
    for user_id, connection_id in (("alice", "a1"), ("bob", "b1"), ("bob", "b2"), ("carol", "c1")):
        stage.connect(user_id, connection_id)
    told = presence.audiences(stage.status_settings(), ["alice", "carol"], now_ms=NOW_MS)
    assert told == {"alice": {"a1": "alice", "b1": "bob", "b2": "bob"}, "carol": {"c1": "carol"}}


def test_a_channel_that_many_share_is_read_once(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A batch of a hundred people who all came back does not read `general` a hundred times."""
    users = [f"user-{number}" for number in range(100)]
    stage.add_channel(CHANNEL, *users)
    for user_id in users:
        stage.connect(user_id, f"of-{user_id}")
    read, subscribers = [], connections.subscribers

    def counted(table_name: str, channel_id: str, **more: Any) -> Any:
        read.append(channel_id)
        return subscribers(table_name, channel_id, **more)

    monkeypatch.setattr(connections, "subscribers", counted)
    told = presence.audiences(stage.status_settings(), users, now_ms=NOW_MS)
    assert read == ["c-1"]
    assert {len(audience) for audience in told.values()} == {100}
