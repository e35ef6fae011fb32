"""Who sees, joins, adds and removes, as tables; and how a channel looks to one user."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat import channels
from functions.chat.channels import Membership
from functions.contract.errors import ChatError, ForbiddenError, NotAMemberError, NotFoundError
from functions.contract.events import ChannelKind
from tests.unit.builders import AT, CHANNEL, member

PUBLIC, PRIVATE, DIRECT = ChannelKind.PUBLIC, ChannelKind.PRIVATE, ChannelKind.DIRECT
OWNER = member(role="owner")
MEMBER = member()


def channel(kind: ChannelKind):
    return CHANNEL.model_copy(update={"kind": kind})


@given(st.uuids(), st.uuids())
def test_two_people_have_one_direct_channel(one, other):
    """The same id and members whoever opens it first."""
    if one == other:
        return
    mine = channels.direct(str(one), str(other), created_at=AT)
    theirs = channels.direct(str(other), str(one), created_at=AT)
    assert (mine.channel_id, mine.member_ids) == (theirs.channel_id, theirs.member_ids)
    assert len(mine.channel_id) <= 64


def test_nobody_has_a_direct_channel_with_themselves():
    """It would have one member."""
    with pytest.raises(ForbiddenError, match=r"^You cannot open a direct channel with yourself\."):
        channels.direct("alice", "alice", created_at=AT)


def test_new_channels_of_one_name_are_two_channels():
    """A channel's identity is not its name; that public names are unique is the table's business."""
    made = [channels.named("tea", PUBLIC, created_by="alice", created_at=AT) for _ in range(2)]
    assert made[0].channel_id != made[1].channel_id
    assert made[0].name == made[1].name == "tea"


@pytest.mark.parametrize(
    ("kind", "membership", "is_visible"),
    [
        (PUBLIC, None, True),
        (PUBLIC, MEMBER, True),
        (PRIVATE, None, False),
        (PRIVATE, MEMBER, True),
        (DIRECT, None, False),
        (DIRECT, MEMBER, True),
    ],
)
def test_who_sees_a_channel(kind: ChannelKind, membership: Membership | None, is_visible: bool):
    """Everybody a public one, members alone any other."""
    if is_visible:
        assert channels.visible(channel(kind), membership) == channel(kind)
    else:
        with pytest.raises(NotFoundError) as hidden:
            channels.visible(channel(kind), membership)
        with pytest.raises(NotFoundError) as missing:
            channels.visible(None, None)
        assert hidden.value.message == missing.value.message, "the answer must not tell that it exists"


@pytest.mark.parametrize(
    ("kind", "actor", "user_id", "refusal"),
    [
        (PUBLIC, None, "alice", None),
        (PUBLIC, None, "bob", NotAMemberError),
        (PUBLIC, MEMBER, "bob", None),
        (PRIVATE, None, "alice", NotAMemberError),
        (PRIVATE, None, "bob", NotAMemberError),
        (PRIVATE, MEMBER, "bob", None),
        (PRIVATE, OWNER, "bob", None),
        (DIRECT, MEMBER, "bob", ForbiddenError),
        (DIRECT, None, "alice", ForbiddenError),
    ],
)
def test_who_adds_whom(kind: ChannelKind, actor: Membership | None, user_id: str, refusal: type[ChatError] | None):
    """Anybody joins a public channel; a member adds others; a direct one is closed."""
    if refusal is None:
        channels.check_may_add(channel(kind), actor, actor_id="alice", user_id=user_id)
    else:
        with pytest.raises(refusal):
            channels.check_may_add(channel(kind), actor, actor_id="alice", user_id=user_id)


@pytest.mark.parametrize(
    ("kind", "actor", "user_id", "refusal"),
    [
        (PUBLIC, MEMBER, "alice", None),
        (PUBLIC, MEMBER, "bob", ForbiddenError),
        (PUBLIC, OWNER, "bob", None),
        (PUBLIC, None, "bob", NotAMemberError),
        (PRIVATE, MEMBER, "alice", None),
        (PRIVATE, MEMBER, "bob", ForbiddenError),
        (PRIVATE, OWNER, "bob", None),
        (DIRECT, MEMBER, "alice", ForbiddenError),
        (DIRECT, OWNER, "bob", ForbiddenError),
    ],
)
def test_who_removes_whom(
    kind: ChannelKind, actor: Membership | None, user_id: str, refusal: type[ChatError] | None
):
    """Anybody leaves; the owner removes others; nobody leaves a direct channel."""
    if refusal is None:
        channels.check_may_remove(channel(kind), actor, actor_id="alice", user_id=user_id)
    else:
        with pytest.raises(refusal):
            channels.check_may_remove(channel(kind), actor, actor_id="alice", user_id=user_id)


@pytest.mark.parametrize(
    ("last_seq", "membership", "unread", "read_seq", "role"),
    [
        (0, MEMBER, 0, 0, "member"),
        (10, MEMBER, 10, 0, "member"),
        (10, member(read_seq=7, role="owner"), 3, 7, "owner"),
        (10, member(read_seq=10), 0, 10, "member"),
        (10, member(read_seq=12), 0, 12, "member"),
        (10, None, 0, 10, None),
    ],
)
def test_what_is_unread(
    last_seq: int, membership: Membership | None, unread: int, read_seq: int, role: str | None
):
    """What came after one's read marker; nothing for who is not a member, and never less than nothing."""
    seen = channels.view(CHANNEL.model_copy(update={"last_seq": last_seq}), membership)
    assert (seen.unread, seen.read_seq, seen.role) == (unread, read_seq, role)


def test_a_view_tells_nothing_of_the_machinery():
    """Whether the event of its creation is out is no client's business."""
    assert "announced" not in channels.view(CHANNEL, MEMBER).model_dump(by_alias=True)
