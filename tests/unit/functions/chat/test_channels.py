"""Who may see, join, add and remove, as tables; and how a user sees a channel."""

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
def test_two_users_have_one_direct_channel(one, other):
    """The same id and members, whichever user opens it first."""
    if one == other:
        return
    mine = channels.direct(str(one), str(other), created_at=AT)
    theirs = channels.direct(str(other), str(one), created_at=AT)
    assert (mine.channel_id, mine.member_ids) == (theirs.channel_id, theirs.member_ids)
    assert len(mine.channel_id) <= 64


def test_a_user_cannot_open_a_direct_channel_with_themselves():
    """It would have one member."""
    with pytest.raises(ForbiddenError, match=r"^You cannot open a direct channel with yourself\."):
        channels.direct("alice", "alice", created_at=AT)


def test_new_channels_with_the_same_name_are_different():
    """The id does not follow from the name. The table keeps names of public channels unique."""
    created = [channels.named("tea", PUBLIC, created_by="alice", created_at=AT) for _ in range(2)]
    assert created[0].channel_id != created[1].channel_id
    assert created[0].name == created[1].name == "tea"


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
    """All users see a public channel; only members see others."""
    if is_visible:
        assert channels.visible(channel(kind), membership) == channel(kind)
    else:
        with pytest.raises(NotFoundError) as hidden:
            channels.visible(channel(kind), membership)
        with pytest.raises(NotFoundError) as missing:
            channels.visible(None, None)
        assert hidden.value.message == missing.value.message, "the message must not reveal that it exists"


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
def test_who_may_add_whom(
    kind: ChannelKind, actor: Membership | None, user_id: str, refusal: type[ChatError] | None
):
    """Any user may join a public channel; members may add others; a direct channel does not change."""
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
def test_who_may_remove_whom(
    kind: ChannelKind, actor: Membership | None, user_id: str, refusal: type[ChatError] | None
):
    """Members may leave; the owner may remove others; a direct channel does not change."""
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
    """The messages after the read marker; 0 for users who are not members, and never negative."""
    seen = channels.view(CHANNEL.model_copy(update={"last_seq": last_seq}), membership)
    assert (seen.unread, seen.read_seq, seen.role) == (unread, read_seq, role)


def test_a_view_has_no_internal_fields():
    """Clients need not know whether the event of the creation was published."""
    assert "announced" not in channels.view(CHANNEL, MEMBER).model_dump(by_alias=True)
