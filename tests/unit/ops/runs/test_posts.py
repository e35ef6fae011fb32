"""The posts of a run, with the names of the users, from rows of which some cannot be read."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops.runs import history, posts
from ops.stage import logs, tables
from tests.unit.ops.runs.test_history import line, two_batches
from tests.unit.ops.stages import deployed_stage

USERS: list[dict[str, Any]] = [
    {"userId": "alice", "username": "alice", "displayName": "Alice"},
    {"userId": "bob"},
    {"userId": "carol", "username": "carol", "displayName": ["garbage"]},
]
SUBSCRIPTIONS = [
    {"channelId": "c-1", "connectionId": "a", "userId": "alice", "expiresAt": 9},
    {"channelId": "c-1", "connectionId": "b", "userId": "bob", "expiresAt": 9},
    {"channelId": "c-1", "connectionId": "c"},
]


def test_a_damaged_row_does_not_hide_a_run(monkeypatch: pytest.MonkeyPatch):
    """A user or a subscription that cannot be read has no name; the others have theirs."""

    def batch_get(_stage: Any, name: str, keys: list[dict[str, str]]) -> list[dict[str, Any]]:
        assert name == "Users"
        return [row for row in USERS if {"userId": row["userId"]} in keys]

    monkeypatch.setattr(tables, "subscriptions", lambda *_: iter(SUBSCRIPTIONS))
    monkeypatch.setattr(tables, "batch_get", batch_get)
    searched: list[tuple[int, int]] = []

    def lines(*_: Any, since_ms: int, until_ms: int, **__: Any) -> Iterator[str]:
        searched.append((since_ms, until_ms))
        return iter(())

    monkeypatch.setattr(logs, "lines", lines)
    event = {"detail-type": "MessageSent", "detail": {"data": {"messageId": "m", "channelId": "c-1"}}}
    [run] = history.read([line(1, 0, "ExecutionStarted", 10, input=event), *two_batches()[1:]])
    stage = deployed_stage(Delivery={"PostToConnectionsLogGroupName": "group"})
    shown = [(post.connection_id, post.user_id, post.display_name) for post in posts.of_run(stage, run)]
    # The function logs its line at its end, by its own clock.
    assert searched == [(12 - posts.MARGIN_MS, 31 + posts.MARGIN_MS)]
    assert shown == [("a", "alice", "Alice"), ("b", "bob", None), ("c", None, None)]
