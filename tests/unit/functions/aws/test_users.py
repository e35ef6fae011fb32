"""The directory of users, and registration."""

import pytest

from functions.aws import members, users
from functions.chat.channels import general
from functions.contract.errors import SessionExpiredError
from functions.contract.model import timestamp
from functions.contract.session import Principal
from functions.contract.text import ERASED_NAME
from functions.logic.registration import register_caller
from tests.unit.builders import AT, HOUR_MS, NOW_MS, SIGNED_IN_AT
from tests.unit.stage import Stage


def principal(user_id: str, display_name: str = "Alice") -> Principal:
    return Principal(
        user_id=user_id,
        username="alice",
        display_name=display_name,
        session_id="s-1",
        session_expires_at_ms=NOW_MS + HOUR_MS,
        signed_in_at=SIGNED_IN_AT,
    )


def test_the_directory_is_returned_in_pages_by_display_name(stage: Stage):
    """Each user once, and no cursor on the last page."""
    for user_id in ("dora", "bob", "carol", "alice", "bert"):
        stage.add_user(user_id)
    found: list[str] = []
    after: tuple[str, str] | None = None
    pages = 0
    while after is not None or not pages:
        page, after = users.by_display_name("users", limit=2, after=after, now_ms=NOW_MS)
        found += [user.display_name for user in page]
        pages += 1
    assert found == ["Alice", "Bert", "Bob", "Carol", "Dora"]
    assert pages == 3


def test_users_with_the_same_display_name_are_all_listed(stage: Stage):
    """Even if a page ends between them."""
    for user_id in ("u-1", "u-2", "u-3"):
        users.add("users", user_id=user_id, username=user_id, display_name="Kim", created_at="x")
    first, after = users.by_display_name("users", limit=2, after=None, now_ms=NOW_MS)
    second, _ = users.by_display_name("users", limit=2, after=after, now_ms=NOW_MS)
    assert sorted(user.user_id for user in (*first, *second)) == ["u-1", "u-2", "u-3"]


def test_many_users_are_read_by_id(stage: Stage):
    """More than one call of DynamoDB returns. Missing users are omitted."""
    user_ids = [f"u-{number}" for number in range(130)]
    stage.add_user("u-0")
    [row] = stage.rows("users")
    for user_id in user_ids:
        stage.put("users", **row | {"userId": user_id})
    assert set(users.get_many("users", [*user_ids, "u-0", "unknown"], now_ms=NOW_MS)) == set(user_ids)


def test_adding_a_user_again_changes_nothing(stage: Stage):
    """A changed display name is kept at the next sign-in."""
    stage.add_user("alice")
    users.rename("users", "alice", "Queen of Hearts")
    stage.add_user("alice")
    found = users.get("users", "alice", now_ms=NOW_MS)
    assert found is not None
    assert found.display_name == "Queen of Hearts"


def test_an_erased_user_gets_no_name_again(stage: Stage):
    """By a call that began before the erasure: the name would be stored for as long as the row."""
    erased = {"userId": "alice", "username": "alice", "displayName": ERASED_NAME, "erasedAt": AT}
    stage.put("users", **erased)
    with pytest.raises(SessionExpiredError, match="This account was deleted"):
        users.rename("users", "alice", "Alice B.")
    assert stage.rows("users") == [erased]


def test_the_first_call_joins_general(stage: Stage):
    """The user is added once, and MemberJoined is published once."""
    assert register_caller(stage.settings(), principal("alice"), correlation_id="r-1").display_name == "Alice"
    register_caller(stage.settings(), principal("alice"), correlation_id="r-1")
    register_caller(stage.settings(), principal("alice", "Renamed elsewhere"), correlation_id="r-1")
    assert stage.published_types() == ["ChannelCreated", "MemberJoined"]
    register_caller(stage.settings(), principal("bob", "Bob"), correlation_id="r-1")
    assert stage.published_types() == ["MemberJoined"]
    assert {row["userId"] for row in stage.rows("members")} == {"alice", "bob"}


def test_earlier_messages_of_general_are_not_unread(stage: Stage):
    """Even if the channel existed long before."""
    stage.add_channel(general(timestamp(NOW_MS)).model_copy(update={"last_seq": 10_000}))
    register_caller(stage.settings(), principal("alice"), correlation_id="r-1")
    membership = members.get("members", "alice", "general")
    assert membership is not None
    assert membership.read_seq == 10_000


def test_a_first_call_that_crashed_is_completed_by_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The directory is written last, so a user who is in it has joined `general`."""

    class CrashError(Exception):
        pass

    def crash(*_: object, **__: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(users, "add", crash)
        with pytest.raises(CrashError):
            register_caller(stage.settings(), principal("alice"), correlation_id="r-1")
    assert users.get("users", "alice", now_ms=NOW_MS) is None
    assert register_caller(stage.settings(), principal("alice"), correlation_id="r-1").user_id == "alice"
    assert members.get("members", "alice", "general") is not None
    assert stage.published_types() == ["ChannelCreated", "MemberJoined"]
