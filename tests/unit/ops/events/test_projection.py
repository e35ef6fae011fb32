"""The same events, in any order, make the same state; and a table that holds it has no differences."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.check.comparison import Tables, compare
from ops.events.bus_event import BusEvent
from ops.events.projection import Projection, latest, project
from tests.unit.ops.run_builders import at, bus_event, created, deleted, edited, moved, reacted, sent

SINCE, UNTIL = at(-1_000_000), at(1_000_000)

TALK = [
    created(),
    moved(True, offset_ms=5),
    sent("m-1", offset_ms=10),
    sent("m-2", offset_ms=20),
    edited("m-1", 1, "mended", offset_ms=30),
    edited("m-1", 1, "mended again", offset_ms=40),
    edited("m-1", 1, "not mine", offset_ms=50, by="mallory"),
    reacted("m-1", 1, offset_ms=60, added=True),
    reacted("m-1", 1, offset_ms=70, added=False),
    reacted("m-1", 1, offset_ms=80, added=True, emoji="🎉"),
    deleted("m-2", 2, offset_ms=90),
    moved(False, offset_ms=100),
    moved(True, offset_ms=110),
    moved(False, offset_ms=120, user_id="alice", new_owner_id="bob"),
]


def tables(**changes: Any) -> Tables:
    """The rows that the talk leaves behind."""
    message = {"channelId": "c-1", "senderId": "alice", "senderName": "Alice"}
    found: dict[str, list[dict[str, Any]]] = {
        "channels": [
            {"channelId": "c-1", "kind": "public", "name": "tea", "createdBy": "alice", "createdAt": at(0),
             "lastSeq": 2}
        ],
        "messages": [
            {**message, "seq": 1, "messageId": "m-1", "clientMessageId": "client-m-1", "text": "mended again",
             "sentAt": at(10), "editedAt": at(40)},
            {**message, "seq": 2, "messageId": "m-2", "clientMessageId": "client-m-2", "text": "",
             "sentAt": at(20), "deletedAt": at(90), "deletedBy": "alice"},
        ],
        "message_ids": [
            {"messageId": "m-1", "channelId": "c-1", "seq": 1},
            {"messageId": "m-2", "channelId": "c-1", "seq": 2},
        ],
        "reactions": [
            {"channelId": "c-1", "seq": 1, "emoji": "👍", "userId": "bob", "present": False, "reactedAt": at(70)},
            {"channelId": "c-1", "seq": 1, "emoji": "🎉", "userId": "bob", "present": True, "reactedAt": at(80)},
        ],
        "members": [{"userId": "bob", "channelId": "c-1", "role": "owner", "joinedAt": at(110)}],
    }  # fmt: skip
    return Tables(**{**found, **changes})


def state(projected: Projection) -> Any:
    """What can be compared of a fold."""
    return (
        {message_id: (message.text, message.edited_at) for message_id, message in projected.messages.items()},
        {key: latest(moments) for key, moments in projected.reactions.items()},
        {key: latest(moments) for key, moments in projected.memberships.items()},
        projected.owners_of("c-1"),
    )


@given(st.permutations(TALK), st.lists(st.sampled_from(TALK), max_size=6))
def test_order_and_repeats_do_not_matter(shuffled: list[BusEvent], repeats: list[BusEvent]):
    """The bus keeps no order and delivers at least once; the state is the same."""
    assert state(project([*shuffled, *repeats])) == state(project(TALK))


@given(st.permutations(TALK))
def test_the_tables_that_the_talk_made_have_no_differences(shuffled: list[BusEvent]):
    """Later edits win, others' do not count, a deletion empties, reactions and memberships end as last said."""
    assert compare(project(shuffled), tables(), since=SINCE, until=UNTIL).differences == []


def test_each_way_of_tampering_is_named():
    """A row gone, changed, made up, moved; an id gone; a counter behind."""
    good = tables()
    first, second = good.messages
    thumb, party = good.reactions
    eve = {"userId": "eve", "channelId": "c-1", "joinedAt": at(1)}
    cases: list[tuple[Tables, set[tuple[str, str]]]] = [
        (tables(messages=[second]), {("missing", "messages")}),
        (tables(messages=[{**first, "text": "forged"}, second]), {("different", "messages")}),
        (tables(messages=[first, {**second, "text": "back"}]), {("different", "messages")}),
        (tables(message_ids=good.message_ids[:1]), {("missing", "messageIds")}),
        (tables(reactions=good.reactions[:1]), {("missing", "reactions")}),
        (tables(reactions=[{**thumb, "present": True}, party]), {("different", "reactions")}),
        (tables(members=[]), {("missing", "members")}),
        (tables(members=[*good.members, eve]), {("extra", "members")}),
        (tables(members=[{**good.members[0], "role": "member"}]), {("different", "members")}),
        (tables(members=[*good.members, {**eve, "role": "owner"}]), {("different", "members")}),
        (tables(channels=[{**good.channels[0], "lastSeq": 1}]), {("different", "channels")}),
    ]  # fmt: skip
    for tampered, wanted in cases:
        found = compare(project(TALK), tampered, since=SINCE, until=UNTIL).differences
        assert {(each.kind, each.table) for each in found} >= wanted, wanted


def left(user_id: str, offset_ms: int, new_owner_id: str | None = None) -> BusEvent:
    """A member left, and perhaps another owns the channel now."""
    return moved(False, offset_ms=offset_ms, user_id=user_id, new_owner_id=new_owner_id)


@pytest.mark.parametrize(
    ("events", "owners"),
    [
        ([created()], {"alice"}),
        ([created(kind="direct")], set()),
        ([created(), left("alice", 10)], set()),
        ([created(), left("alice", 10), moved(True, offset_ms=20, user_id="alice")], set()),
        ([created(), moved(True, offset_ms=5), left("alice", 10, "bob")], {"bob"}),
        # The first heir left meanwhile, so that another was told of, at the same moment or a later one.
        (
            [
                created(),
                moved(True, offset_ms=5),
                moved(True, offset_ms=6, user_id="carol"),
                left("alice", 10, "carol"),
                left("carol", 9),
                left("alice", 10, "bob"),
            ],
            {"bob"},
        ),
        (
            [
                created(),
                moved(True, offset_ms=5),
                moved(True, offset_ms=6, user_id="carol"),
                left("alice", 10, "carol"),
                left("carol", 9, "bob"),
            ],
            {"bob"},
        ),
    ],
)
def test_an_owner_is_who_was_last_said_to_be_and_stayed(events: list[BusEvent], owners: set[str]):
    """A channel that all have left has none, even if its first comes back."""
    assert project(events).owners_of("c-1") == owners
    assert project(reversed(events)).owners_of("c-1") == owners


def test_what_lies_outside_the_archives_time_is_not_held_against_the_tables():
    """A row from before the archive began, and one that is still on its way."""
    old = {**tables().messages[0], "seq": 3, "messageId": "m-old", "sentAt": at(-2_000_000)}
    rows = tables(
        messages=[*tables().messages, old],
        message_ids=[*tables().message_ids, {"messageId": "m-old", "channelId": "c-1", "seq": 3}],
        channels=[{**tables().channels[0], "lastSeq": 3}],
    )
    result = compare(project(TALK), rows, since=SINCE, until=UNTIL)
    assert (result.differences, result.outside) == ([], 1)
    young = sent("m-young", offset_ms=2_000_000)
    assert compare(project([*TALK, young]), tables(), since=SINCE, until=UNTIL).differences == []


def test_a_poisoned_event_changes_nothing_and_is_counted():
    """The workflow refuses it, so the fold does."""
    projected = project([*TALK, bus_event("MessageSent", {"channelId": "c-1"}), BusEvent({"detail": 7})])
    assert state(projected) == state(project(TALK))
    assert len(projected.malformed) == 2
