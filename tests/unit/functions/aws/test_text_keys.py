"""The keys of texts: one for each user, kept in memory for a minute, and never created again after an erasure."""

import pytest

from functions.aws import text_keys
from functions.contract.errors import SessionExpiredError
from tests.unit.builders import NOW_MS
from tests.unit.stage import Stage


def of_author(user_id: str = "alice", *, at: int = NOW_MS) -> bytes:
    return text_keys.of_author("textKeys", user_id, now_ms=at)


def test_a_user_keeps_their_key(stage: Stage):
    """Also in a process that has not read it yet; another user has another one."""
    first = of_author()
    text_keys.cached_keys.clear()
    assert of_author() == first
    assert of_author("bob") != first


def test_two_processes_that_create_a_key_get_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The second one finds the row of the first, although it read none."""
    first = of_author()
    text_keys.cached_keys.clear()
    monkeypatch.setattr(text_keys, "batch_get", lambda *_, **__: iter(()))
    assert of_author() == first


def test_an_erased_key_is_used_for_a_minute_at_most(stage: Stage):
    """A process keeps the keys that it has read for that time."""
    first = of_author()
    stage.put("textKeys", userId="alice", erasedAt="2026-11-18T11:06:40.123Z")
    assert of_author(at=NOW_MS + text_keys.CACHED_MS - 1) == first
    with pytest.raises(SessionExpiredError):
        of_author(at=NOW_MS + text_keys.CACHED_MS)


def test_memory_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A process does not keep the keys of all users."""
    monkeypatch.setattr(text_keys, "MAX_CACHED", 2)
    for number in range(5):
        of_author(f"user-{number}")
    assert len(text_keys.cached_keys) <= 2
