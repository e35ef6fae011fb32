"""The table of members: admission, joining, leaving, and read markers."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.aws import clients, members, transactions
from functions.chat.rate import RateLimit
from functions.contract.errors import NotAMemberError, RateLimitedError
from tests.unit.builders import CHANNEL, NOW_MS, member
from tests.unit.stage import Stage

LIMIT = RateLimit(per_second=2, burst=5)


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The operations that DynamoDB was asked for."""
    asked: list[str] = []
    hooks = clients.dynamodb().meta.client.meta.events

    def note(model: Any, **_: Any) -> None:
        asked.append(model.name)

    hooks.register("before-call.dynamodb", note)
    yield asked
    hooks.unregister("before-call.dynamodb", note)


def admit(now_ms: int = NOW_MS, limit: RateLimit = LIMIT) -> None:
    members.admit("members", "alice", "c-1", limit, now_ms=now_ms)


def member_count(stage: Stage) -> int:
    [row] = [row for row in stage.rows("channels") if row["channelId"] == "c-1"]
    return int(row["memberCount"])


def test_a_rested_member_is_admitted_in_one_call(stage: Stage, calls: list[str]):
    """Membership and rate are proved together: that is what a message costs before the bus."""
    stage.add_channel(CHANNEL, "alice")
    calls.clear()
    admit()
    admit(NOW_MS + LIMIT.interval_ms)
    assert calls == ["UpdateItem", "UpdateItem"]


def test_a_burst_is_admitted_and_no_more(stage: Stage):
    """After a rest, exactly the burst; the refusal says exactly when the next one is taken."""
    stage.add_channel(CHANNEL, "alice")
    for _ in range(LIMIT.burst):
        admit()
    with pytest.raises(RateLimitedError) as refused:
        admit(NOW_MS + 100)
    wait = refused.value.retry_after_ms
    assert wait == LIMIT.interval_ms - 100
    with pytest.raises(RateLimitedError) as early:
        admit(NOW_MS + 100 + wait - 1)
    assert early.value.retry_after_ms == 1
    admit(NOW_MS + 100 + wait)


def test_a_refusal_costs_nothing(stage: Stage):
    """Who keeps on hammering does not wait longer for it."""
    stage.add_channel(CHANNEL, "alice")
    for _ in range(LIMIT.burst):
        admit()
    for _ in range(10):
        with pytest.raises(RateLimitedError):
            admit()
    admit(NOW_MS + LIMIT.interval_ms)


def test_rates_are_counted_per_member_and_channel(stage: Stage):
    """One's flood in one channel silences neither others nor oneself elsewhere."""
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "alice")
    once = RateLimit(per_second=1, burst=1)
    admit(limit=once)
    members.admit("members", "bob", "c-1", once, now_ms=NOW_MS)
    members.admit("members", "alice", "c-2", once, now_ms=NOW_MS)
    with pytest.raises(RateLimitedError):
        admit(limit=once)


def test_somebody_else_is_not_admitted_and_not_made_a_member(stage: Stage):
    """The update that proves membership must not create it."""
    stage.add_channel(CHANNEL, "bob")
    with pytest.raises(NotAMemberError, match=r"^You are not a member of this channel\.$"):
        admit()
    assert [row["userId"] for row in stage.rows("members")] == ["bob"]
    assert members.get("members", "alice", "c-1") is None


def test_a_fault_of_the_table_is_not_taken_for_a_refusal(stage: Stage):
    """Only a failed condition says that somebody is no member."""
    with pytest.raises(ClientError):
        members.admit("no-such-table", "alice", "c-1", LIMIT, now_ms=NOW_MS)


def test_members_are_counted_as_they_come_and_go(stage: Stage):
    """Adding or removing twice counts once."""
    stage.add_channel(CHANNEL)
    for user_id in ("alice", "bob", "alice"):
        members.add("members", "channels", member(user_id))
    assert member_count(stage) == 2
    assert [members.remove("members", "channels", member()) for _ in range(2)] == [True, False]
    assert member_count(stage) == 1


def test_a_removal_is_of_the_member_as_they_were_read(stage: Stage):
    """Who became the owner meanwhile is not removed without an heir, nor is who left meanwhile made one."""
    stage.add_channel(CHANNEL, "bob", owner="bob")
    assert not members.remove("members", "channels", member("bob"))
    assert not members.remove("members", "channels", member("bob", role="owner"), new_owner=member("carol"))
    assert member_count(stage) == 1
    assert [row["userId"] for row in stage.rows("members")] == ["bob"]


def test_adding_a_member_again_finds_them_as_they_are(stage: Stage):
    """A repeat changes neither role nor read marker."""
    stage.add_channel(CHANNEL)
    first = member(role="owner", read_seq=3)
    assert members.add("members", "channels", first) == first
    assert members.add("members", "channels", member(read_seq=9)) == first


def test_nobody_joins_a_channel_that_is_not_there(stage: Stage):
    """Neither a member nor a channel comes to be."""
    with pytest.raises(ClientError):
        members.add("members", "channels", member())
    assert stage.rows("members") == stage.rows("channels") == []


def test_a_removal_that_cannot_be_counted_is_an_error(stage: Stage):
    """It would be tried without end if it passed for a member who changed meanwhile."""
    stage.put("members", **member().model_dump(by_alias=True))
    with pytest.raises(ClientError):
        members.remove("members", "channels", member())
    assert len(stage.rows("members")) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_conflict_with_another_write_is_tried_again(stage: Stage, monkeypatch: pytest.MonkeyPatch, times: int):
    """Many join `general` at once, and every message moves its seq: all touch the same row."""
    stage.add_channel(CHANNEL)
    stage.conflict(monkeypatch, times)
    members.add("members", "channels", member())
    assert member_count(stage) == 1
    stage.conflict(monkeypatch, times)
    assert members.remove("members", "channels", member())
    assert member_count(stage) == 0


def test_a_conflict_without_end_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It is not taken for a member who is there already."""
    monkeypatch.setattr(transactions, "FIRST_PAUSE_SECONDS", 0)
    stage.add_channel(CHANNEL)
    stage.conflict(monkeypatch, 1000)
    with pytest.raises(ClientError, match="TransactionConflict"):
        members.add("members", "channels", member())


def test_a_read_marker_only_moves_forward(stage: Stage):
    """True when it moved; the same or less changes nothing."""
    stage.add_channel(CHANNEL, "alice")
    moved = [members.mark_read("members", "alice", "c-1", seq) for seq in (5, 5, 3, 6, 0)]
    assert moved == [True, False, False, True, False]
    membership = members.get("members", "alice", "c-1")
    assert membership is not None
    assert membership.read_seq == 6


def test_only_a_member_has_a_read_marker(stage: Stage):
    """And reading does not make one a member."""
    stage.add_channel(CHANNEL)
    with pytest.raises(NotAMemberError):
        members.mark_read("members", "alice", "c-1", 5)
    assert stage.rows("members") == []


def test_a_channels_members_come_in_pages(stage: Stage):
    """Every member once, in order, and no cursor on the last page."""
    names = [f"user-{number:02}" for number in range(7)]
    stage.add_channel(CHANNEL, *names)
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = members.page_of_channel("members", "c-1", limit=3, after_user_id=after)
        found += [each.user_id for each in page]
        if after is None:
            break
    assert found == names


def test_all_of_a_users_channels_are_found(stage: Stage):
    """However many there are: nobody stops hearing of the last ones."""
    for number in range(30):
        stage.put(
            "members",
            userId="alice",
            channelId=f"c-{number:02}",
            role="member",
            joinedAt="2026-11-18T11:06:40.123Z",
            padding="x" * 100_000,
        )
    assert len(list(members.of_user("members", "alice"))) == 30
