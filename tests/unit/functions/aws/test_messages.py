"""Reading messages: pages in both directions, search, and reactions."""

import pytest

from functions.aws import messages
from functions.contract.model import timestamp
from functions.contract.resources import MessagePage, ReactionCount
from functions.contract.text import ERASED_NAME
from tests.unit.builders import AT, NOW_MS
from tests.unit.stage import Stage


def page(limit: int, **where: int) -> MessagePage:
    return messages.page("messages", "reactions", "textKeys", "c-1", limit=limit, **where)


def seqs(found: MessagePage) -> list[int]:
    return [message.seq for message in found.items]


@pytest.mark.parametrize(
    ("limit", "where", "found", "has_more"),
    [
        (3, {}, [8, 9, 10], True),
        (10, {}, list(range(1, 11)), False),
        (100, {}, list(range(1, 11)), False),
        (3, {"before": 8}, [5, 6, 7], True),
        (3, {"before": 4}, [1, 2, 3], False),
        (3, {"before": 2}, [1], False),
        (3, {"before": 1}, [], False),
        (3, {"before": 999}, [8, 9, 10], True),
        (3, {"after": 0}, [1, 2, 3], True),
        (3, {"after": 7}, [8, 9, 10], False),
        (3, {"after": 6}, [7, 8, 9], True),
        (3, {"after": 10}, [], False),
    ],
)
def test_a_page_is_ascending_and_has_more_in_its_direction(
    stage: Stage, limit: int, where: dict[str, int], found: list[int], has_more: bool
):
    """The newest messages, those before a seq, and those after one."""
    for seq in range(1, 11):
        stage.add_message(seq)
        stage.add_message(seq, channel_id="c-2")
    answer = page(limit, **where)
    assert (seqs(answer), answer.has_more) == (found, has_more)


def test_paging_returns_every_message_once_despite_holes(stage: Stage):
    """A seq that was never stored does not end the pages."""
    stored = [seq for seq in range(1, 30) if seq not in (7, 8, 20)]
    for seq in stored:
        stage.add_message(seq)
    found: list[int] = []
    before = 1000
    while True:
        answer = page(4, before=before)
        found = seqs(answer) + found
        if not answer.has_more:
            break
        before = answer.items[0].seq
    assert found == stored


def test_a_page_cut_by_size_has_more(stage: Stage):
    """DynamoDB returns at most a megabyte per call."""
    for seq in range(1, 101):
        stage.add_message(seq, text="x" * 12_000)
    answer = page(100)
    assert answer.has_more
    assert seqs(answer) == list(range(101 - len(answer.items), 101))


def test_all_fields_of_a_message_are_returned(stage: Stage):
    """With its trace id, edit and deletion."""
    stage.add_message(1, text="hi")
    stage.put(
        "messages",
        channelId="c-1",
        seq=2,
        messageId="m-2",
        clientMessageId="client-2",
        senderId="alice",
        senderName="Alice",
        text="",
        sentAt=timestamp(NOW_MS),
        editedAt=timestamp(NOW_MS + 1),
        deletedAt=timestamp(NOW_MS + 2),
        deletedBy="bob",
        traceHeader="Root=1-2-3;Parent=4;Sampled=1",
    )
    first, second = page(10).items
    assert (first.text, first.sender.display_name, first.trace_id, first.deleted_at) == ("hi", "Alice", None, None)
    assert (second.text, second.deleted_by, second.trace_id) == ("", "bob", "1-2-3")
    assert messages.get("messages", "c-1", 2) == second
    assert messages.get("messages", "c-1", 3) is None


def test_a_page_contains_the_reactions_to_its_messages(stage: Stage):
    """In the order they were added; without removed ones and those to other messages."""
    for seq in (8, 9, 10, 11):
        stage.add_message(seq)
    stage.add_reaction(8, "👍", "bob")
    stage.add_reaction(9, "👍", "bob", at=timestamp(NOW_MS + 3))
    stage.add_reaction(9, "👍", "alice", at=timestamp(NOW_MS + 1))
    stage.add_reaction(9, "❤️", "carol", at=timestamp(NOW_MS + 2))
    stage.add_reaction(9, "🎉", "carol", present=False)
    stage.add_reaction(10, "#️⃣", "bob")
    stage.add_reaction(11, "🎉", "bob")
    found = {message.seq: message.reactions for message in page(2, before=11).items}
    assert found == {
        9: (
            ReactionCount(emoji="👍", user_ids=("alice", "bob")),
            ReactionCount(emoji="❤️", user_ids=("carol",)),
        ),
        10: (ReactionCount(emoji="#️⃣", user_ids=("bob",)),),
    }


@pytest.mark.parametrize("is_erased", [True, False])
def test_a_deleted_message_has_no_reactions(stage: Stage, is_erased: bool):
    """As in the frame of its deletion; also if its author was erased."""
    stage.add_message(1, text=stage.sealed("tea", "m-1"))
    stage.add_message(2, sender_id="bob")
    if is_erased:
        stage.erase_key("alice")
    else:
        [row] = [row for row in stage.rows("messages") if row["seq"] == 1]
        stage.put("messages", **{**row, "text": "", "deletedAt": AT, "deletedBy": "alice"})
    stage.add_reaction(1, "👍", "bob")
    stage.add_reaction(2, "👍", "bob")
    assert [len(message.reactions) for message in page(10).items] == [0, 1]


def test_search_folds_texts_and_ignores_deleted_messages(stage: Stage):
    """Messages that contain all words of the term, in ascending order."""
    stage.add_message(1, text="Earl Grey, hot")
    stage.add_message(2, text="coffee")
    stage.add_message(3, text="grey skies")
    stage.add_message(4, text="ΣΊΣΥΦΟΣ")
    stage.put(
        "messages",
        channelId="c-1",
        seq=5,
        messageId="m-5",
        clientMessageId="client-5",
        senderId="alice",
        senderName="Alice",
        text="",
        sentAt=timestamp(NOW_MS),
        deletedAt=timestamp(NOW_MS),
    )

    def search(term: str) -> list[int]:
        return seqs(messages.search("messages", "reactions", "textKeys", "c-1", term, limit=10))

    assert search("GREY") == [1, 3]
    assert search("σισυφος") == [4]
    assert search("hot grey") == [1]
    assert search(" \u0301") == []
    assert search("tea") == []


def test_search_continues_from_searched_to(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Calling again finds each match once, even if a whole page of messages has no match."""
    monkeypatch.setattr(messages, "MAX_MESSAGES_PER_SEARCH", 5)
    matching = {1, 2, 14, 15, 16, 17, 18, 30}
    for seq in range(1, 31):
        stage.add_message(seq, text="tea" if seq in matching else "coffee")
    found: list[int] = []
    before: int | None = None
    calls = 0
    while True:
        answer = messages.search("messages", "reactions", "textKeys", "c-1", "tea", limit=2, before=before)
        assert answer.has_more == (answer.searched_to is not None)
        found += seqs(answer)
        calls += 1
        if not answer.has_more:
            break
        before = answer.searched_to
    assert sorted(found) == sorted(matching)
    assert len(found) == len(matching)
    assert calls < 30


def test_unread_mentions_are_those_of_the_user_after_the_read_marker(stage: Stage):
    """In any case of the username; ascending, and only the newest of many."""
    for seq, text in enumerate(["@bob", "@Bob", "hi", "@alice", "`@bob`", "*@bob*"], start=1):
        stage.add_message(seq, text=text)
    stage.add_message(7, channel_id="c-2", text="@bob")

    def unread(username: str, read_seq: int) -> tuple[int, ...]:
        return messages.unread_mentions("messages", "c-1", username, read_seq=read_seq)

    assert unread("BOB", 0) == (1, 2, 6)
    assert unread("bob", 1) == (2, 6)
    assert unread("bob", 6) == ()
    assert unread("alice", 0) == (4,)
    for seq in range(10, 10 + messages.MAX_UNREAD_MENTIONS + 5):
        stage.add_message(seq, text="@bob")
    assert unread("bob", 0) == tuple(range(15, 15 + messages.MAX_UNREAD_MENTIONS))


def test_a_message_has_its_mentions(stage: Stage):
    """Rows of earlier versions have none."""
    stage.add_message(1, text="@bob and @alice")
    stage.add_message(2)
    first, second = page(10).items
    assert (first.mentions, second.mentions) == (("alice", "bob"), None)


def test_sealed_texts_are_opened_for_readers(stage: Stage):
    """In a page and in a search, next to texts of earlier versions, which are not sealed."""
    stage.add_message(1, text="green tea")
    stage.add_message(2, text=stage.sealed("black tea", "m-2"))
    stage.add_message(3, sender_id="bob", text=stage.sealed("coffee", "m-3", user_id="bob"))
    assert [message.text for message in page(10).items] == ["green tea", "black tea", "coffee"]
    found = messages.search("messages", "reactions", "textKeys", "c-1", "TEA", limit=10)
    assert seqs(found) == [1, 2]


@pytest.mark.parametrize("is_erased", [True, False])
def test_a_text_without_its_key_is_a_deleted_message(stage: Stage, is_erased: bool):
    """Its author was erased; or the key is lost, which must not hide the rest of the channel.

    The row may have been stored after the erasure, which then did not replace its author's name.
    """
    stage.add_message(1, text=stage.sealed("black tea", "m-1" if is_erased else "another message"))
    stage.add_message(2, sender_id="bob", text="coffee")
    if is_erased:
        stage.erase_key("alice")
    deleted, other = page(10).items
    assert (deleted.text, deleted.deleted_at, deleted.deleted_by) == ("", AT, "alice")
    assert (deleted.sender.display_name == ERASED_NAME) is is_erased
    assert other.text == "coffee"
