"""Presence follows from the table of connections; only changes are returned."""

from typing import Any

import pytest

from functions.aws import connections, users
from functions.logic import presence
from tests.unit.builders import CHANNEL, NOW_MS
from tests.unit.conftest import Clock
from tests.unit.stage import Stage

NOW = NOW_MS // 1000


def update(stage: Stage, user_id: str = "alice") -> str | None:
    change = presence.update_presence(stage.status_settings(), user_id)
    return change.status if change else None


def close(stage: Stage, connection_id: str) -> None:
    connections.delete(stage.status_settings(), "alice", connection_id)


def status(stage: Stage, user_id: str = "alice", *, now_ms: int = NOW_MS) -> str:
    user = users.get("users", user_id, now_ms=now_ms)
    assert user is not None
    return user.status


def test_only_the_first_and_the_last_connection_change_presence(stage: Stage):
    """Online with the first, offline with the last, no change in between."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    assert update(stage) == "online"
    stage.connect("alice", "a2")
    assert update(stage) is None
    close(stage, "a1")
    assert update(stage) is None
    assert status(stage) == "online"
    close(stage, "a2")
    assert update(stage) == "offline"
    assert update(stage) is None
    assert status(stage) == "offline"


def test_the_order_of_events_does_not_matter(stage: Stage):
    """A late event of an old disconnection changes nothing while another connection is open."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    update(stage)
    stage.connect("alice", "a2")
    close(stage, "a1")
    assert update(stage) is None


def test_an_expired_connection_does_not_count(stage: Stage, server_time: Clock):
    """No user stays online because a disconnection was missed."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    assert update(stage) == "online"
    server_time.advance(60_000)
    assert status(stage, now_ms=server_time.now_ms) == "offline"
    assert update(stage) == "offline"


def test_coming_back_after_an_expiry_is_a_change(stage: Stage, server_time: Clock):
    """Since the connection expired, other users saw the user as offline, though no event was published."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    update(stage)
    server_time.advance(120_000)
    stage.connect("alice", "a2", expires_at=NOW + 3600)
    assert update(stage) == "online"
    assert status(stage, now_ms=server_time.now_ms) == "online"


def test_a_later_expiry_keeps_a_user_online_for_longer(stage: Stage):
    """It is not a change of presence. `onlineUntil` does not move back."""
    stage.add_user("alice")
    stage.connect("alice", "a1", expires_at=NOW + 60)
    update(stage)
    stage.connect("alice", "a2", expires_at=NOW + 600)
    update(stage)
    close(stage, "a2")
    update(stage)
    assert status(stage, now_ms=NOW_MS + 599_000) == "online"


def test_a_user_who_is_not_in_the_directory_has_no_presence(stage: Stage):
    """And is not added to it."""
    stage.connect("stranger", "s1")
    assert update(stage, "stranger") is None
    assert stage.rows("users") == []


def test_a_connection_that_opens_during_an_update_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Concurrent batches: the connections are read again after writing, so the last write is correct."""
    stage.add_user("alice")
    stage.connect("alice", "a1")
    update(stage)
    close(stage, "a1")
    set_presence = users.set_presence

    def interrupted(*arguments: Any, **keywords: Any) -> bool:
        monkeypatch.setattr(users, "set_presence", set_presence)
        stage.connect("alice", "a2")
        return set_presence(*arguments, **keywords)

    monkeypatch.setattr(users, "set_presence", interrupted)
    assert update(stage) == "online"
    assert status(stage) == "online"


def test_the_audience_is_everyone_who_shares_a_channel(stage: Stage):
    """Each connection once, however many channels are shared; the user's own too, strangers' not."""
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-3", "name": "rum"}), "carol")
    for user_id, connection_id in (("alice", "a1"), ("bob", "b1"), ("bob", "b2"), ("carol", "c1")):
        stage.connect(user_id, connection_id)
    audiences = presence.audiences(stage.status_settings(), ["alice", "carol"], now_ms=NOW_MS)
    assert audiences == {"alice": {"a1": "alice", "b1": "bob", "b2": "bob"}, "carol": {"c1": "carol"}}


def test_a_channel_that_many_share_is_read_once(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A batch of users who reconnect does not read `general` once for each."""
    user_ids = [f"user-{number}" for number in range(6)]
    stage.add_channel(CHANNEL, *user_ids)
    for user_id in user_ids:
        stage.connect(user_id, f"of-{user_id}")
    read, subscribers = [], connections.subscribers

    def counted(table_name: str, channel_id: str, **keywords: Any) -> Any:
        read.append(channel_id)
        return subscribers(table_name, channel_id, **keywords)

    monkeypatch.setattr(connections, "subscribers", counted)
    audiences = presence.audiences(stage.status_settings(), user_ids, now_ms=NOW_MS)
    assert read == ["c-1"]
    assert {len(audience) for audience in audiences.values()} == {6}
