"""Joining and leaving: rows and events, neither without the other, even after a crash."""

from typing import Any

import pytest

from functions.aws import bus, channels, deadline, members
from functions.chat.channels import SYSTEM_USER, ChannelRecord, direct, general, named
from functions.contract.errors import NameTakenError
from functions.contract.events import ChannelKind
from functions.contract.model import Role, timestamp
from functions.contract.resources import User
from functions.contract.text import ERASED_NAME
from functions.logic import membership
from tests.unit.builders import AT, CHANNEL, HOUR_MS, NOW_MS
from tests.unit.stage import Stage

LATER = NOW_MS + HOUR_MS


class CrashError(Exception):
    """Raised where the process crashes."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the next publication crash, before or after the event reached the bus."""

    def next_publication(*, reached_the_bus: bool) -> None:
        publish = bus.publish

        def crashing(*arguments: Any, **keywords: Any) -> None:
            monkeypatch.setattr(bus, "publish", publish)
            if reached_the_bus:
                publish(*arguments, **keywords)
            raise CrashError

        monkeypatch.setattr(bus, "publish", crashing)

    return next_publication


def create(
    stage: Stage, channel: ChannelRecord, *first_members: User, creator_id: str = "alice", now_ms: int = NOW_MS
) -> ChannelRecord:
    return membership.create(
        stage.settings(),
        channel,
        first_members=first_members,
        creator_id=creator_id,
        correlation_id="r-1",
        now_ms=now_ms,
    )


def test_a_join_is_stored_and_published_once(stage: Stage):
    """The user's connections are subscribed; joining again changes and publishes nothing."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice")
    stage.connect("bob", "b1")
    for _ in range(2):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="alice", correlation_id="r-1", now_ms=NOW_MS)
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


def test_messages_before_a_join_are_not_unread(stage: Stage):
    """The read marker starts at the channel's last seq."""
    bob = stage.add_user("bob")
    channel = stage.add_channel(CHANNEL.model_copy(update={"last_seq": 41}))
    membership.join(stage.settings(), channel, bob, actor_id="bob", correlation_id="r-1", now_ms=NOW_MS)
    joined = members.get("members", "bob", "c-1")
    assert joined is not None
    assert joined.read_seq == 41


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_join_that_crashed_is_published_by_the_next_attempt(stage: Stage, crash: Any, reached_the_bus: bool):
    """The event may be published twice, but not never, and not by later attempts."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL)
    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="bob", correlation_id="r-1", now_ms=NOW_MS)
    for now_ms in (LATER, LATER + 1):
        membership.join(stage.settings(), CHANNEL, bob, actor_id="bob", correlation_id="r-1", now_ms=now_ms)
    joined = stage.published()
    assert [event["detail-type"] for event in joined] == ["MemberJoined"] * (1 + reached_the_bus)
    assert {event["detail"]["data"]["changedAt"] for event in joined} == {AT}, (
        "the time of the join does not change"
    )


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_creation_that_crashed_is_published_by_the_next_attempt(stage: Stage, crash: Any, reached_the_bus: bool):
    """Otherwise two users could write in a direct channel that neither of them sees."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")

    def open_channel(now_ms: int) -> None:
        channel = direct("alice", "bob", created_at=AT)
        create(stage, channel, alice, bob, now_ms=now_ms)

    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        open_channel(NOW_MS)
    open_channel(LATER)
    open_channel(LATER + 1)
    assert stage.published_types() == ["ChannelCreated"] * (1 + reached_the_bus)


def test_a_new_channel_has_its_members_when_it_is_published(stage: Stage):
    """The creator is the owner; both users are members and subscribed; one event is published."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")
    stage.connect("alice", "a1")
    stage.connect("bob", "b1")
    channel = named("tea", ChannelKind.PRIVATE, created_by="alice", created_at=AT)
    create(stage, channel, alice, bob)
    roles = {
        member.user_id: member.role
        for member in members.page_of_channel("members", channel.channel_id, limit=10, after_user_id=None)[0]
    }
    assert roles == {"alice": "owner", "bob": "member"}
    assert stage.subscriptions() == {(channel.channel_id, "a1"), (channel.channel_id, "b1")}
    [created] = stage.published()
    assert created["detail-type"] == "ChannelCreated"
    assert created["detail"]["data"]["firstMemberIds"] == ["alice", "bob"]
    stored = channels.get("channels", channel.channel_id)
    assert stored is not None
    assert (stored.member_count, stored.announced) == (2, True)


def test_a_public_name_is_unique(stage: Stage):
    """Ignoring case. A refused channel leaves no rows and no events."""
    alice = stage.add_user("alice")
    stage.add_channel(CHANNEL)
    other = named("TEA", ChannelKind.PUBLIC, created_by="alice", created_at=AT)
    with pytest.raises(NameTakenError, match=r"^The name 'TEA' is taken by another public channel"):
        create(stage, other, alice)
    assert channels.get("channels", other.channel_id) is None
    assert stage.rows("members") == []
    assert stage.published() == []


def test_private_names_need_not_be_unique(stage: Stage):
    """A refusal would reveal that a private channel exists."""
    for kind in (ChannelKind.PRIVATE, ChannelKind.PRIVATE, ChannelKind.PUBLIC):
        channels.create("channels", "members", named("plans", kind, created_by="alice", created_at=AT), ())
    assert len([row for row in stage.rows("channels") if row.get("name") == "plans"]) == 3


def test_general_is_created_once(stage: Stage):
    """Every user's first call creates it or finds it."""
    for _ in range(3):
        create(stage, general(AT), creator_id=SYSTEM_USER)
    assert stage.published_types() == ["ChannelCreated"]
    assert channels.get("channels", "general") is not None


def test_the_row_of_a_name_is_not_a_channel(stage: Stage):
    """It cannot be read as a channel."""
    stage.add_channel(CHANNEL)
    assert channels.get("channels", "name#tea") is None


def test_leaving_deletes_membership_and_subscriptions_before_it_returns(stage: Stage):
    """The event is published, the row deleted, no connection subscribed. Other members are not affected."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for connection_id in ("b1", "b2"):
        stage.connect("bob", connection_id)
    stage.connect("alice", "a1")
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="alice", correlation_id="r-1", now_ms=NOW_MS)
    [left] = stage.published()
    assert left["detail-type"] == "MemberLeft"
    assert (left["detail"]["data"]["userId"], left["detail"]["data"]["changedBy"]) == ("bob", "alice")
    assert members.get("members", "bob", "c-1") is None
    assert stage.subscriptions() == {("c-1", "a1")}


def test_leaving_twice_is_published_once(stage: Stage):
    """A user who is not a member cannot leave."""
    stage.add_channel(CHANNEL, "bob")
    for _ in range(2):
        membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", correlation_id="r-1", now_ms=NOW_MS)
    assert stage.published_types() == ["MemberLeft"]


@pytest.mark.parametrize("reached_the_bus", [False, True], ids=["before the bus", "after the bus"])
def test_a_leave_that_crashed_is_repeated_by_the_next_attempt(stage: Stage, crash: Any, reached_the_bus: bool):
    """No membership is deleted without its event."""
    stage.add_channel(CHANNEL, "bob")
    crash(reached_the_bus=reached_the_bus)
    with pytest.raises(CrashError):
        membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", correlation_id="r-1", now_ms=NOW_MS)
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", correlation_id="r-1", now_ms=LATER)
    assert stage.published_types() == ["MemberLeft"] * (1 + reached_the_bus)
    assert members.get("members", "bob", "c-1") is None


@pytest.mark.parametrize("by", ["bob", "alice"])
def test_a_leaving_is_later_than_the_joining(stage: Stage, by: str):
    """Also if the clock of the other process was ahead: the workflow and `check` take the later of the two."""
    stage.add_channel(CHANNEL)
    members.add(
        "members", "channels", members.new(CHANNEL, "bob", role=Role.MEMBER, joined_at=timestamp(NOW_MS + 5))
    )
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id=by, correlation_id="r-1", now_ms=NOW_MS)
    [left] = stage.published()
    assert left["detail"]["data"]["changedAt"] == timestamp(NOW_MS + 6)


def test_a_slow_leaving_does_not_end_the_next_membership(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Such as a request that was repeated: the user has left by the other one, and has joined again."""
    bob = stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.connect("bob", "b1")
    publish = bus.publish

    def bob_is_back(*arguments: Any, **keywords: Any) -> None:
        monkeypatch.setattr(bus, "publish", publish)
        publish(*arguments, **keywords)
        leave_and_join = {"actor_id": "bob", "correlation_id": "r-2"}
        membership.leave(stage.settings(), CHANNEL, "bob", now_ms=LATER, **leave_and_join)
        membership.join(stage.settings(), CHANNEL, bob, now_ms=LATER + 1, **leave_and_join)

    monkeypatch.setattr(bus, "publish", bob_is_back)
    membership.leave(stage.settings(), CHANNEL, "bob", actor_id="bob", correlation_id="r-1", now_ms=LATER - 1)
    assert stage.published_types() == ["MemberLeft", "MemberLeft", "MemberJoined"]
    assert members.get("members", "bob", "c-1") is not None
    assert ("c-1", "b1") in stage.subscriptions()


def roles(stage: Stage) -> dict[str, str]:
    """The roles by member."""
    return {row["userId"]: row["role"] for row in stage.rows("members")}


def add_in_turn(stage: Stage, *user_ids: str) -> None:
    """Add members to the channel, the first as its owner, each an hour after the previous one."""
    stage.add_channel(CHANNEL)
    for number, user_id in enumerate(user_ids):
        joined = members.new(
            CHANNEL,
            user_id,
            role=Role.MEMBER if number else Role.OWNER,
            joined_at=timestamp(NOW_MS + number * HOUR_MS),
        )
        members.add("members", "channels", joined)


def test_the_longest_standing_member_becomes_the_owner(stage: Stage):
    """When the owner leaves, and the event contains it. When another member leaves, the owner does not change."""
    add_in_turn(stage, "mia", "zoe", "bob", "alice")
    for user_id in ("mia", "bob", "zoe", "alice"):
        membership.leave(stage.settings(), CHANNEL, user_id, actor_id=user_id, correlation_id="r-1", now_ms=LATER)
    new_owners = [event["detail"]["data"].get("newOwnerId") for event in stage.published()]
    assert new_owners == ["zoe", None, "alice", None]
    assert roles(stage) == {}


def test_an_erased_user_does_not_become_the_owner(stage: Stage):
    """Their membership belongs to no account: there would be no one to remove members or delete messages."""
    add_in_turn(stage, "mia", "zoe", "bob")
    stage.put("users", userId="zoe", username="zoe", displayName=ERASED_NAME, erasedAt=AT)
    for user_id in ("mia", "bob"):
        membership.leave(stage.settings(), CHANNEL, user_id, actor_id=user_id, correlation_id="r-1", now_ms=LATER)
    assert [event["detail"]["data"].get("newOwnerId") for event in stage.published()] == ["bob", None]
    assert roles(stage) == {"zoe": "member"}


def test_a_new_owner_who_leaves_meanwhile_is_replaced(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The event is published again, and the last one agrees with the tables."""
    add_in_turn(stage, "mia", "zoe", "bob")
    publish = bus.publish

    def zoe_leaves_first(*arguments: Any, **keywords: Any) -> None:
        monkeypatch.setattr(bus, "publish", publish)
        publish(*arguments, **keywords)
        membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", correlation_id="r-1", now_ms=LATER)

    monkeypatch.setattr(bus, "publish", zoe_leaves_first)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", correlation_id="r-1", now_ms=LATER)
    published = [event["detail"]["data"] for event in stage.published()]
    assert [(data["userId"], data.get("newOwnerId")) for data in published] == [
        ("mia", "zoe"),
        ("zoe", None),
        ("mia", "bob"),
    ]
    assert roles(stage) == {"bob": "owner"}


def test_a_member_who_becomes_the_owner_while_leaving_is_replaced(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The owner left after the member's role was read."""
    add_in_turn(stage, "mia", "zoe", "bob")
    publish = bus.publish

    def mia_leaves_first(*arguments: Any, **keywords: Any) -> None:
        monkeypatch.setattr(bus, "publish", publish)
        membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", correlation_id="r-1", now_ms=LATER)
        publish(*arguments, **keywords)

    monkeypatch.setattr(bus, "publish", mia_leaves_first)
    membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", correlation_id="r-1", now_ms=LATER)
    assert roles(stage) == {"bob": "owner"}


def test_an_outdated_index_does_not_promote_a_member_who_left(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The index still lists a member who left; the table is read too."""
    add_in_turn(stage, "mia", "zoe", "bob")
    listed = list(members.of_channel("members", "c-1"))
    membership.leave(stage.settings(), CHANNEL, "zoe", actor_id="zoe", correlation_id="r-1", now_ms=LATER)
    monkeypatch.setattr(members, "of_channel", lambda *_: listed)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", correlation_id="r-1", now_ms=LATER)
    assert roles(stage) == {"bob": "owner"}


def test_a_member_who_joined_just_now_becomes_the_owner(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The index does not list them yet. Without an owner, no member could ever remove others."""
    add_in_turn(stage, "mia", "zoe")
    of_channel = members.of_channel
    mia_alone = [member for member in of_channel("members", "c-1") if member.user_id == "mia"]

    def the_index_is_current(_seconds: float) -> None:
        monkeypatch.setattr(members, "of_channel", of_channel)

    monkeypatch.setattr(members, "of_channel", lambda *_: mia_alone)
    monkeypatch.setattr(deadline, "sleep", the_index_is_current)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", correlation_id="r-1", now_ms=LATER)
    assert roles(stage) == {"zoe": "owner"}
    [left] = stage.published()
    assert left["detail"]["data"]["newOwnerId"] == "zoe"


@pytest.mark.parametrize("count", [1, 2], ids=["alone", "wrong count"])
def test_the_last_member_leaves_without_a_new_owner(stage: Stage, monkeypatch: pytest.MonkeyPatch, count: int):
    """Also if the count of the channel is too high."""
    add_in_turn(stage, "mia")
    stage.dynamodb.Table("channels").update_item(
        Key={"channelId": "c-1"},
        UpdateExpression="SET memberCount = :count",
        ExpressionAttributeValues={":count": count},
    )
    pauses: list[float] = []
    monkeypatch.setattr(deadline, "sleep", pauses.append)
    membership.leave(stage.settings(), CHANNEL, "mia", actor_id="mia", correlation_id="r-1", now_ms=LATER)
    assert roles(stage) == {}
    assert (len(pauses) > 0, sum(pauses) <= 1) == (count > 1, True)


def test_a_direct_channel_has_no_owner(stage: Stage):
    """Neither user may delete the other's messages."""
    alice, bob = stage.add_user("alice"), stage.add_user("bob")
    channel = direct("alice", "bob", created_at=AT)
    create(stage, channel, alice, bob)
    assert roles(stage) == {"alice": "member", "bob": "member"}


def test_many_channels_are_read_by_id(stage: Stage):
    """More than one call of DynamoDB returns. Missing channels are omitted."""
    for number in range(130):
        stage.put(
            "channels",
            **named(f"n{number}", ChannelKind.PUBLIC, created_by="alice", created_at=AT).model_dump(
                by_alias=True, mode="json"
            )
            | {"channelId": f"c-{number}"},
        )
    channel_ids = [f"c-{number}" for number in range(130)]
    assert set(channels.get_many("channels", [*channel_ids, "c-0", "none"])) == set(channel_ids)


def test_public_channels_are_returned_in_pages_by_name(stage: Stage):
    """Private channels are not among them."""
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
