"""The directory of users, and how they come into it."""

import pytest

from functions.aws import members, users
from functions.chat.channels import general
from functions.contract.model import timestamp
from functions.contract.session import Principal
from functions.logic.registration import register_caller
from tests.unit.builders import HOUR_MS, NOW_MS
from tests.unit.stage import Stage


def principal(user_id: str, display_name: str = "Alice") -> Principal:
    return Principal(
        user_id=user_id,
        username="alice",
        display_name=display_name,
        session_id="s-1",
        session_expires_at_ms=NOW_MS + HOUR_MS,
    )


def test_the_directory_comes_by_name_in_pages(stage: Stage):
    """Everyone once, and no cursor on the last page."""
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


def test_two_of_one_name_are_both_listed(stage: Stage):
    """Also when a page ends between them."""
    for user_id in ("u-1", "u-2", "u-3"):
        users.add("users", user_id=user_id, username=user_id, display_name="Kim", created_at="x")
    first, after = users.by_display_name("users", limit=2, after=None, now_ms=NOW_MS)
    second, _ = users.by_display_name("users", limit=2, after=after, now_ms=NOW_MS)
    assert sorted(user.user_id for user in (*first, *second)) == ["u-1", "u-2", "u-3"]


def test_many_users_are_found_at_once(stage: Stage):
    """More than DynamoDB gives in one call; who is not there is left out."""
    wanted = [f"u-{number}" for number in range(130)]
    for user_id in wanted:
        stage.add_user(user_id)
    assert set(users.get_many("users", [*wanted, "u-0", "nobody"], now_ms=NOW_MS)) == set(wanted)


def test_entering_twice_changes_nothing(stage: Stage):
    """A name that was changed is not changed back by the next sign-in."""
    stage.add_user("alice")
    users.rename("users", "alice", "Queen of Hearts")
    stage.add_user("alice")
    found = users.get("users", "alice", now_ms=NOW_MS)
    assert found is not None
    assert found.display_name == "Queen of Hearts"


def test_a_first_call_joins_general(stage: Stage):
    """Registered once, a member of `general`, and announced; later calls change and tell nothing."""
    assert register_caller(stage.settings(), principal("alice")).display_name == "Alice"
    register_caller(stage.settings(), principal("alice"))
    register_caller(stage.settings(), principal("alice", "Renamed elsewhere"))
    assert stage.published_types() == ["ChannelCreated", "MemberJoined"]
    register_caller(stage.settings(), principal("bob", "Bob"))
    assert stage.published_types() == ["MemberJoined"]
    assert {row["userId"] for row in stage.rows("members")} == {"alice", "bob"}


def test_who_joins_general_has_none_of_its_past_unread(stage: Stage):
    """Also when it was there long before."""
    stage.add_channel(general(timestamp(NOW_MS)).model_copy(update={"last_seq": 10_000}))
    register_caller(stage.settings(), principal("alice"))
    membership = members.get("members", "alice", "general")
    assert membership is not None
    assert membership.read_seq == 10_000


def test_a_first_call_that_died_is_finished_by_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Who is in the directory has joined `general`: the directory comes last."""

    class CrashError(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(users, "add", die)
        with pytest.raises(CrashError):
            register_caller(stage.settings(), principal("alice"))
    assert users.get("users", "alice", now_ms=NOW_MS) is None
    assert register_caller(stage.settings(), principal("alice")).user_id == "alice"
    assert members.get("members", "alice", "general") is not None
    assert stage.published_types() == ["ChannelCreated", "MemberJoined"]
