"""Erasing a user: nothing that they wrote can be read, nothing names them, and it can be repeated at any point."""

import pytest

from functions.contract.events import MessageDeleted, ReactionRemoved, UserRenamed
from functions.contract.text import ERASED_NAME
from ops.privacy import erasure
from ops.stage.lookup import KnownUser
from tests.unit.ops.privacy.conftest import People


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(erasure, "POLL_SECONDS", 0.0)


def test_texts_key_names_and_account_are_erased(people: People, dora: KnownUser):
    """Messages and reactions through the workflow, as their author would; those of others stay.

    The profile keeps nothing else of the user, such as when they were last online.
    """
    done = erasure.erase(people.stage, dora)
    assert (done.deleted, done.reactions, done.pending, done.account_deleted) == (2, 1, 0, True)
    assert [type(fact) for fact in people.published] == [
        UserRenamed,
        MessageDeleted,
        MessageDeleted,
        ReactionRemoved,
    ]
    first, other, old = people.rows("Messages")
    assert {first["text"], old["text"]} == {""}
    assert {first["senderName"], old["senderName"]} == {ERASED_NAME}
    assert (other["text"], other["senderName"]) == ("hello", "Emil")
    [key] = people.rows("TextKeys")
    assert key == {"userId": "dora", "erasedAt": done.erased_at, "createdAt": "2026-11-01T00:00:00.000Z"}
    [profile] = people.rows("Users")
    assert profile == {
        "userId": "dora",
        "username": "dora",
        "displayName": ERASED_NAME,
        "createdAt": "2026-11-01T00:00:00.000Z",
        "isOnline": False,
        "erasedAt": done.erased_at,
    }
    assert people.rows("Reactions")[0]["present"] is False
    assert people.pool.enabled == {}
    assert done.channels == ["c-1"]


def test_erasing_again_changes_nothing(people: People, dora: KnownUser):
    """By the id, because the name is erased. The time of the first erasure is kept."""
    first = erasure.erase(people.stage, dora)
    before = {name: people.rows(name) for name in ("Messages", "TextKeys", "Users", "Reactions")}
    people.published.clear()
    again = erasure.erase(people.stage, KnownUser("dora", None))
    assert (again.deleted, again.reactions, again.erased_at) == (0, 0, first.erased_at)
    assert not people.published
    assert {name: people.rows(name) for name in before} == before


def test_damaged_rows_do_not_end_an_erasure(people: People, dora: KnownUser):
    """The rest is erased, and the account stays until they are repaired and the command is run again."""
    people.stage.table("Messages").update_item(
        Key={"channelId": "c-1", "seq": 1}, UpdateExpression="REMOVE messageId"
    )
    people.put("Reactions", channelId="c-1", reactionKey="broken", userId="dora", seq="one")
    done = erasure.erase(people.stage, dora)
    assert [row.repair for row in done.damaged] == [
        ("repair", "messages", "c-1", "1"),
        ("repair", "reactions", "c-1", "broken"),
    ]
    assert (done.deleted, done.reactions, done.account_deleted) == (1, 1, False)


def test_an_erasure_continues_where_it_stopped(people: People, dora: KnownUser):
    """While messages are not deleted, the account stays, disabled, so that the same command finds it."""
    people.is_delivering = False
    stopped = erasure.erase(people.stage, dora)
    assert (stopped.pending, stopped.deleted, stopped.account_deleted) == (2, 0, False)
    assert people.pool.enabled == {"dora": False}
    assert "textKey" not in people.rows("TextKeys")[0]
    people.is_delivering = True
    done = erasure.erase(people.stage, dora)
    assert (done.pending, done.deleted, done.account_deleted) == (0, 2, True)


def test_reactions_are_waited_for(people: People, dora: KnownUser):
    """The workflow may be throttled. Until they are removed, the account stays, and the same command goes on."""
    people.is_delivering = False
    for seq in (1, 3):
        people.stage.table("Messages").delete_item(Key={"channelId": "c-1", "seq": seq})
    stopped = erasure.erase(people.stage, dora)
    assert (stopped.pending_reactions, stopped.reactions, stopped.account_deleted) == (1, 0, False)
    people.is_delivering = True
    done = erasure.erase(people.stage, dora)
    assert (done.pending_reactions, done.reactions, done.account_deleted) == (0, 1, True)


@pytest.mark.parametrize("is_damaged", [True, False], ids=["damaged", "missing"])
def test_a_reaction_to_a_message_that_cannot_be_read_is_reported(
    people: People, dora: KnownUser, is_damaged: bool
):
    """An event needs the id of the message. The account stays until the message is repaired."""
    key = {"channelId": "c-1", "seq": 2}
    if is_damaged:
        people.stage.table("Messages").update_item(Key=key, UpdateExpression="REMOVE messageId")
    else:
        people.stage.table("Messages").delete_item(Key=key)
    done = erasure.erase(people.stage, dora)
    assert [row.repair for row in done.damaged] == [("repair", "messages", "c-1", "2")]
    assert (done.reactions, done.account_deleted) == (0, False)
    people.write(2, "hello", by="emil", sealed=False)
    again = erasure.erase(people.stage, dora)
    assert (again.reactions, again.damaged, again.account_deleted) == (1, [], True)


def test_a_user_without_a_row_or_a_key_is_erased(people: People):
    """Such as one who never called the API: they get no key later either."""
    people.pool.enabled["gast"] = True
    assert erasure.erase(people.stage, KnownUser("gast-id", "gast")).account_deleted
    assert {row["userId"] for row in people.rows("TextKeys") if "erasedAt" in row} == {"gast-id"}
    assert {row["userId"] for row in people.rows("Users")} == {"dora"}
