"""The table of members: admission, adding, removing, and read markers."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.aws import clients, conflicts, members
from functions.chat.rate import RateLimit
from functions.contract.errors import NotAMemberError, RateLimitedError
from tests.unit.builders import CHANNEL, NOW_MS, member
from tests.unit.stage import Stage

LIMIT = RateLimit(per_second=2, burst=5)


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The names of the operations sent to DynamoDB."""
    names: list[str] = []
    hooks = clients.dynamodb().meta.client.meta.events

    def record(model: Any, **_: Any) -> None:
        names.append(model.name)

    hooks.register("before-call.dynamodb", record)
    yield names
    hooks.unregister("before-call.dynamodb", record)


def admit(now_ms: int = NOW_MS, limit: RateLimit = LIMIT) -> None:
    members.admit("members", "alice", "c-1", limit, now_ms=now_ms)


def member_count(stage: Stage) -> int:
    [row] = [row for row in stage.rows("channels") if row["channelId"] == "c-1"]
    return int(row["memberCount"])


def test_a_message_outside_a_burst_is_admitted_in_one_call(stage: Stage, calls: list[str]):
    """One conditional update checks membership and rate."""
    stage.add_channel(CHANNEL, "alice")
    calls.clear()
    admit()
    admit(NOW_MS + LIMIT.interval_ms)
    assert calls == ["UpdateItem", "UpdateItem"]


def test_a_burst_is_admitted_in_one_call_a_message(stage: Stage, calls: list[str]):
    """The process remembers who uses a burst; another process finds it out with a second call."""
    stage.add_channel(CHANNEL, "alice")
    admit()
    members._bursts.clear()
    calls.clear()
    admit()
    assert calls == ["UpdateItem", "UpdateItem"]
    admit()
    assert calls == ["UpdateItem"] * 3
    # The burst is over, whatever this process remembers.
    later = NOW_MS + LIMIT.interval_ms * 3
    members._bursts[("restedAt", "alice", "c-1")] = later + 1
    admit(later)
    for _ in range(LIMIT.burst - 1):
        admit(later)
    with pytest.raises(RateLimitedError):
        admit(later)


def test_what_a_process_remembers_is_bounded(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Beyond the bound, all members are dropped, and the table decides."""
    stage.add_channel(CHANNEL, *(f"user{number}" for number in range(5)))
    monkeypatch.setattr(members, "MAX_REMEMBERED_BURSTS", 2)
    for number in range(5):
        members.admit("members", f"user{number}", "c-1", LIMIT, now_ms=NOW_MS)
        assert len(members._bursts) <= 2


def test_a_burst_is_admitted_and_then_refused(stage: Stage):
    """After a pause, exactly the burst. The refusal contains exactly how long to wait."""
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


def test_a_refused_frame_does_not_lengthen_the_wait(stage: Stage):
    """Trying again too early changes nothing."""
    stage.add_channel(CHANNEL, "alice")
    for _ in range(LIMIT.burst):
        admit()
    for _ in range(10):
        with pytest.raises(RateLimitedError):
            admit()
    admit(NOW_MS + LIMIT.interval_ms)


def test_rates_are_counted_per_member_and_channel(stage: Stage):
    """A flood in one channel limits neither other members nor the same user in other channels."""
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "alice")
    once = RateLimit(per_second=1, burst=1)
    admit(limit=once)
    members.admit("members", "bob", "c-1", once, now_ms=NOW_MS)
    members.admit("members", "alice", "c-2", once, now_ms=NOW_MS)
    with pytest.raises(RateLimitedError):
        admit(limit=once)


def test_a_user_who_is_not_a_member_is_refused(stage: Stage):
    """The update that checks membership must not create it."""
    stage.add_channel(CHANNEL, "bob")
    with pytest.raises(NotAMemberError, match=r"^You are not a member of this channel\.$"):
        admit()
    assert [row["userId"] for row in stage.rows("members")] == ["bob"]
    assert members.get("members", "alice", "c-1") is None


def test_an_error_of_the_table_is_not_a_refusal(stage: Stage):
    """Only a failed condition means that the user is not a member."""
    with pytest.raises(ClientError):
        members.admit("no-such-table", "alice", "c-1", LIMIT, now_ms=NOW_MS)


def test_the_member_count_follows_adding_and_removing(stage: Stage):
    """Repeating either does not change the count."""
    stage.add_channel(CHANNEL)
    for user_id in ("alice", "bob", "alice"):
        members.add("members", "channels", member(user_id))
    assert member_count(stage) == 2
    assert [members.remove("members", "channels", member()) for _ in range(2)] == [True, False]
    assert member_count(stage) == 1


def test_removing_fails_if_a_membership_has_changed(stage: Stage):
    """The leaver has become the owner, or the new owner is no longer a member."""
    stage.add_channel(CHANNEL, "bob", owner="bob")
    assert not members.remove("members", "channels", member("bob"))
    assert not members.remove("members", "channels", member("bob", role="owner"), new_owner=member("carol"))
    assert member_count(stage) == 1
    assert [row["userId"] for row in stage.rows("members")] == ["bob"]


def test_adding_a_member_again_returns_the_stored_membership(stage: Stage):
    """Repeating it changes neither role nor read marker."""
    stage.add_channel(CHANNEL)
    first = member(role="owner", read_seq=3)
    assert members.add("members", "channels", first) == first
    assert members.add("members", "channels", member(read_seq=9)) == first


def test_adding_to_a_missing_channel_raises(stage: Stage):
    """Neither a membership nor a channel is created."""
    with pytest.raises(ClientError):
        members.add("members", "channels", member())
    assert stage.rows("members") == stage.rows("channels") == []


def test_removing_from_a_missing_channel_raises(stage: Stage):
    """If it returned False, the caller would try again without end."""
    stage.put("members", **member().model_dump(by_alias=True))
    with pytest.raises(ClientError):
        members.remove("members", "channels", member())
    assert len(stage.rows("members")) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_transaction_conflict_is_retried(stage: Stage, monkeypatch: pytest.MonkeyPatch, times: int):
    """All joins and messages of a channel write the same row."""
    stage.add_channel(CHANNEL)
    stage.conflict(monkeypatch, times)
    members.add("members", "channels", member())
    assert member_count(stage) == 1
    stage.conflict(monkeypatch, times)
    assert members.remove("members", "channels", member())
    assert member_count(stage) == 0


def test_a_permanent_conflict_raises(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It is not mistaken for an existing membership."""
    monkeypatch.setattr(conflicts, "FIRST_PAUSE_SECONDS", 0)
    stage.add_channel(CHANNEL)
    stage.conflict(monkeypatch, 1000)
    with pytest.raises(ClientError, match="TransactionConflict"):
        members.add("members", "channels", member())


def test_a_read_marker_only_moves_forward(stage: Stage):
    """Returns True if it moved; the same or a lower seq changes nothing."""
    stage.add_channel(CHANNEL, "alice")
    moved = [members.mark_read("members", "alice", "c-1", seq) for seq in (5, 5, 3, 6, 0)]
    assert moved == [True, False, False, True, False]
    membership = members.get("members", "alice", "c-1")
    assert membership is not None
    assert membership.read_seq == 6


def test_marking_read_does_not_create_a_membership(stage: Stage):
    """It raises for a user who is not a member."""
    stage.add_channel(CHANNEL)
    with pytest.raises(NotAMemberError):
        members.mark_read("members", "alice", "c-1", 5)
    assert stage.rows("members") == []


def test_members_are_returned_in_pages(stage: Stage):
    """Each member once, in order, and no cursor on the last page."""
    user_ids = [f"user-{number:02}" for number in range(7)]
    stage.add_channel(CHANNEL, *user_ids)
    found: list[str] = []
    after: str | None = None
    while True:
        page, _, after = members.page_of_channel("members", "c-1", limit=3, after_user_id=after)
        found += [membership.user_id for membership in page]
        if after is None:
            break
    assert found == user_ids


def test_all_pages_of_memberships_are_read(stage: Stage):
    """DynamoDB returns at most a megabyte per page."""
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
