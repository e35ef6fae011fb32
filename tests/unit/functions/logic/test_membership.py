"""Joining and leaving: rows and events, neither without the other, whatever dies in between."""

from typing import Any

import pytest

from functions.aws import bus, channels, members
from functions.chat.channels import SYSTEM_USER, direct, general, named
from functions.contract.errors import NameTakenError
from functions.contract.events import ChannelKind
from functions.contract.model import Role, timestamp
from functions.logic import membership
from tests.unit.builders import AT, CHANNEL, HOUR_MS, NOW_MS
from tests.unit.stage import Stage

LATER = NOW_MS + HOUR_MS


class CrashError(Exception):
    """The process dies here."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the next publication die, before or after it reached the bus."""

    def next_publication(*, reached_the_bus: bool) -> None:
        publish = bus.publish

        def dying(*arguments: Any, **named_ones: Any) -> None:
            monkeypatch.setattr(bus, "publish", publish)
            if reached_the_bus:
                publish(*arguments, **named_ones)
            raise CrashError

        monkeypatch.setattr(bus, "publish", dying)

    return next_publication


def test_a_join_is_written_subscribed_and_announced_once(stage: Stage):
    """A second join changes nothing and tells nobody."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice")
    stage.connect("bob", "b1")
    for _ in range(2):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="alice", now_ms=NOW_MS)
    [joined] = stage.published()
    assert joined["detail-type"] == "MemberJoined"
    assert joined["detail"]["data"] == {
        "channelId": "c-1",
        "channel": CHANNEL.summary.model_dump(by_alias=True, mode="json") | {"memberIds": []},
        "userId": "bob",
        "displayName": "Bob",
        "changedBy": "alice",
        "changedAt": AT,
    }
    assert stage.subscriptions() == {("c-1", "b1")}


def test_what_was_said_before_a_join_is_not_unread(stage: Stage):
    """The read marker starts at the channel's last seq."""
    bob = stage.add_user("bob")
    channel = stage.add_channel(CHANNEL.model_copy(update={"last_seq": 41}))
    membership.join(stage.settings(), channel, bob, actor_id="bob", now_ms=NOW_MS)
    found = members.get("members", "bob", "c-1")
    assert found is not None
    assert found.read_seq == 41


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_join_that_died_is_announced_by_the_next_attempt(stage: Stage, crash: Any, reached_the_bus: bool):
    """The event may come twice, never not at all, and then no more."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL)
    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="bob", now_ms=NOW_MS)
    for now_ms in (LATER, LATER + 1):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="bob", now_ms=now_ms)
    joined = stage.published()
    assert [event["detail-type"] for event in joined] == ["MemberJoined"] * (1 + reached_the_bus)
    assert {event["detail"]["data"]["changedAt"] for event in joined} == {AT}, "they joined when they joined"


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_channel_whose_creation_died_is_announced_by_the_next_attempt(
    stage: Stage, crash: Any, reached_the_bus: bool
):
    """Two people whose channel was never announced would write to each other unheard."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")

    def open_channel(now_ms: int) -> None:
        channel = direct("alice", "bob", created_at=AT)
        membership.create(stage.settings(), channel, first_members=(alice, bob), creator_id="alice", now_ms=now_ms)

    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        open_channel(NOW_MS)
    open_channel(LATER)
    open_channel(LATER + 1)
    assert stage.published_types() == ["ChannelCreated"] * (1 + reached_the_bus)


def test_a_new_channel_has_its_members_before_anyone_hears_of_it(stage: Stage):
    """The creator owns it; both are members and subscribed; one event says so."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")
    stage.connect("alice", "a1")
    stage.connect("bob", "b1")
    channel = named("tea", ChannelKind.PRIVATE, created_by="alice", created_at=AT)
    membership.create(stage.settings(), channel, first_members=(alice, bob), creator_id="alice", now_ms=NOW_MS)
    roles = {
        each.user_id: each.role
        for each in members.page_of_channel("members", channel.channel_id, limit=10, after_user_id=None)[0]
    }
    assert roles == {"alice": "owner", "bob": "member"}
    assert stage.subscriptions() == {(channel.channel_id, "a1"), (channel.channel_id, "b1")}
    [created] = stage.published()
    assert created["detail-type"] == "ChannelCreated"
    assert created["detail"]["data"]["firstMemberIds"] == ["alice", "bob"]
    stored = channels.get("channels", channel.channel_id)
    assert stored is not None
    assert (stored.member_count, stored.announced) == (2, True)


def test_a_public_name_is_taken_once(stage: Stage):
    """Whatever its case; and the loser leaves nothing behind."""
    alice = stage.add_user("alice")
    stage.add_channel(CHANNEL)
    another = named("TEA", ChannelKind.PUBLIC, created_by="alice", created_at=AT)
    with pytest.raises(NameTakenError, match=r"^The name 'TEA' is taken by another public channel"):
        membership.create(stage.settings(), another, first_members=(alice,), creator_id="alice", now_ms=NOW_MS)
    assert channels.get("channels", another.channel_id) is None
    assert stage.rows("members") == []
    assert stage.published() == []


def test_private_names_are_nobodys_business(stage: Stage):
    """A private channel may have the name of any other; telling otherwise would tell that it exists."""
    for kind in (ChannelKind.PRIVATE, ChannelKind.PRIVATE, ChannelKind.PUBLIC):
        channels.create("channels", "members", named("plans", kind, created_by="alice", created_at=AT), ())
    assert len([row for row in stage.rows("channels") if row.get("name") == "plans"]) == 3


def test_general_is_made_once(stage: Stage):
    """Every user's first call makes it; all but the first find it."""
    for _ in range(3):
        membership.create(stage.settings(), general(AT), first_members=(), creator_id=SYSTEM_USER, now_ms=NOW_MS)
    assert stage.published_types() == ["ChannelCreated"]
    assert channels.get("channels", "general") is not None


def test_the_row_that_reserves_a_name_is_no_channel(stage: Stage):
    """It cannot be read as one."""
    stage.add_channel(CHANNEL)
    assert channels.get("channels", "name#tea") is None


def test_leaving_ends_everything_before_it_returns(stage: Stage):
    """Event out, row gone, count down, no subscription of any tab left; the others keep theirs."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for connection_id in ("b1", "b2"):
        stage.connect("bob", connection_id)
    stage.connect("alice", "a1")
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="alice", now_ms=NOW_MS)
    [left] = stage.published()
    assert left["detail-type"] == "MemberLeft"
    assert (left["detail"]["data"]["userId"], left["detail"]["data"]["changedBy"]) == ("bob", "alice")
    assert members.get("members", "bob", "c-1") is None
    assert stage.subscriptions() == {("c-1", "a1")}


def test_leaving_twice_is_told_once(stage: Stage):
    """Who is not there cannot leave."""
    stage.add_channel(CHANNEL, "bob")
    for _ in range(2):
        membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", now_ms=NOW_MS)
    assert stage.published_types() == ["MemberLeft"]


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_leave_that_died_is_done_whole_by_the_next_attempt(stage: Stage, crash: Any, reached_the_bus: bool):
    """Nobody is out without having been told of it."""
    stage.add_channel(CHANNEL, "bob")
    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", now_ms=NOW_MS)
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", now_ms=LATER)
    assert stage.published_types() == ["MemberLeft"] * (1 + reached_the_bus)
    assert members.get("members", "bob", "c-1") is None


def roles(stage: Stage) -> dict[str, str]:
    """The members by role."""
    return {row["userId"]: row["role"] for row in stage.rows("members")}


def add_in_turn(stage: Stage, *user_ids: str) -> None:
    """Members of the channel, the first its owner, each an hour after the one before."""
    stage.add_channel(CHANNEL)
    for number, user_id in enumerate(user_ids):
        joined = members.new(
            CHANNEL,
            user_id,
            role=Role.MEMBER if number else Role.OWNER,
            joined_at=timestamp(NOW_MS + number * HOUR_MS),
        )
        members.add("members", "channels", joined)


def test_what_an_owner_leaves_belongs_to_whoever_has_been_there_longest(stage: Stage):
    """And the event tells all others so; a member who leaves changes nothing of it."""
    add_in_turn(stage, "mia", "zoe", "bob", "alice")
    for user_id in ("mia", "bob", "zoe", "alice"):
        membership.leave(stage.settings(), CHANNEL, user_id, actor_id=user_id, now_ms=LATER)
    told = [event["detail"]["data"].get("newOwnerId") for event in stage.published()]
    assert told == ["zoe", None, "alice", None]
    assert roles(stage) == {}


def test_an_heir_who_leaves_meanwhile_does_not_inherit(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It is told and done anew, and the last that was told is what holds."""
    add_in_turn(stage, "mia", "zoe", "bob")
    publish = bus.publish

    def zoe_leaves_first(*arguments: Any, **named_ones: Any) -> None:
        monkeypatch.setattr(bus, "publish", publish)
        publish(*arguments, **named_ones)
        membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", now_ms=LATER)

    monkeypatch.setattr(bus, "publish", zoe_leaves_first)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", now_ms=LATER)
    told = [event["detail"]["data"] for event in stage.published()]
    assert [(data["userId"], data.get("newOwnerId")) for data in told] == [
        ("mia", "zoe"),
        ("zoe", None),
        ("mia", "bob"),
    ]
    assert roles(stage) == {"bob": "owner"}


def test_who_becomes_the_owner_while_leaving_leaves_an_heir_too(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The owner went between zoe's wish and its fulfilment."""
    add_in_turn(stage, "mia", "zoe", "bob")
    publish = bus.publish

    def mia_leaves_first(*arguments: Any, **named_ones: Any) -> None:
        monkeypatch.setattr(bus, "publish", publish)
        membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", now_ms=LATER)
        publish(*arguments, **named_ones)

    monkeypatch.setattr(bus, "publish", mia_leaves_first)
    membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", now_ms=LATER)
    assert roles(stage) == {"bob": "owner"}


def test_a_list_that_is_late_makes_nobody_an_heir(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The index still lists who has left; the table is asked."""
    add_in_turn(stage, "mia", "zoe", "bob")
    listed = list(members.of_channel("members", "c-1"))
    membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", now_ms=LATER)
    monkeypatch.setattr(members, "of_channel", lambda *_: listed)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", now_ms=LATER)
    assert roles(stage) == {"bob": "owner"}


def test_what_two_people_share_has_no_owner(stage: Stage):
    """Neither may take back what the other wrote."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")
    channel = direct("alice", "bob", created_at=AT)
    membership.create(stage.settings(), channel, first_members=(alice, bob), creator_id="alice", now_ms=NOW_MS)
    assert roles(stage) == {"alice": "member", "bob": "member"}


def test_many_channels_are_found_at_once(stage: Stage):
    """More than DynamoDB gives in one call; what is not there is left out."""
    for number in range(130):
        stage.put(
            "channels",
            **named(f"n{number}", ChannelKind.PUBLIC, created_by="alice", created_at=AT).model_dump(
                by_alias=True, mode="json"
            )
            | {"channelId": f"c-{number}"},
        )
    wanted = [f"c-{number}" for number in range(130)]
    assert set(channels.get_many("channels", [*wanted, "c-0", "none"])) == set(wanted)


def test_public_channels_come_by_name_in_pages(stage: Stage):
    """Private ones are not among them."""
    for name in ("b", "d", "a", "c"):
        channels.create(
            "channels", "members", named(name, ChannelKind.PUBLIC, created_by="alice", created_at=AT), ()
        )
    channels.create("channels", "members", named("aa", ChannelKind.PRIVATE, created_by="alice", created_at=AT), ())
    first, after = channels.public_by_name("channels", limit=3, after=None)
    assert after is not None
    second, end = channels.public_by_name("channels", limit=3, after=after)
    assert [channel.name for channel in (*first, *second)] == ["a", "b", "c", "d"]
    assert end is None
