"""Events in any order are projected to the same state, and tables with that state have no differences."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract.text import ERASED_NAME
from ops.check.comparison import compare
from ops.events.bus_event import BusEvent
from ops.events.projection import Projection, latest, project
from ops.stage.tables import Tables
from tests.unit.ops.event_builders import (
    at,
    bus_event,
    channel_created,
    membership_changed,
    message_deleted,
    message_edited,
    message_sent,
    reaction_changed,
)

SINCE, UNTIL = at(-1_000_000), at(1_000_000)

EVENTS = [
    channel_created(),
    membership_changed(True, offset_ms=5),
    message_sent("m-1", offset_ms=10),
    message_sent("m-2", offset_ms=20),
    message_edited("m-1", 1, "edited once", offset_ms=30),
    message_edited("m-1", 1, "edited again", offset_ms=40),
    message_edited("m-1", 1, "not mine", offset_ms=50, by="mallory"),
    reaction_changed("m-1", 1, offset_ms=60, added=True),
    reaction_changed("m-1", 1, offset_ms=70, added=False),
    reaction_changed("m-1", 1, offset_ms=80, added=True, emoji="🎉"),
    message_deleted("m-2", 2, offset_ms=90),
    membership_changed(False, offset_ms=100),
    membership_changed(True, offset_ms=110),
    membership_changed(False, offset_ms=120, user_id="alice", new_owner_id="bob"),
]


def tables(**changes: Any) -> Tables:
    """The rows that EVENTS lead to, with some tables replaced."""
    message = {"channelId": "c-1", "senderId": "alice", "senderName": "Alice"}
    rows: dict[str, list[dict[str, Any]]] = {
        "channels": [
            {"channelId": "c-1", "kind": "public", "name": "tea", "createdBy": "alice", "createdAt": at(0),
             "lastSeq": 2, "memberCount": 1},
            {"channelId": "name#tea", "namedChannelId": "c-1"},
        ],
        "messages": [
            {**message, "seq": 1, "messageId": "m-1", "clientMessageId": "client-m-1", "text": "edited again",
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
    return Tables(**{**rows, **changes})


def state(projected: Projection) -> Any:
    """The comparable part of a projection."""
    return (
        {message_id: (message.text, message.edited_at) for message_id, message in projected.messages.items()},
        {key: latest(moments) for key, moments in projected.reactions.items()},
        {key: latest(moments) for key, moments in projected.memberships.items()},
        projected.owners_of("c-1"),
    )


@given(st.permutations(EVENTS), st.lists(st.sampled_from(EVENTS), max_size=6))
def test_order_and_duplicates_do_not_change_the_state(shuffled: list[BusEvent], repeats: list[BusEvent]):
    """The bus does not keep the order and delivers at least once."""
    assert state(project([*shuffled, *repeats])) == state(project(EVENTS))


@given(st.permutations(EVENTS))
def test_tables_with_the_projected_state_have_no_differences(shuffled: list[BusEvent]):
    """The author's latest edit, any deletion, and the latest change of a reaction or membership win."""
    assert compare(project(shuffled), tables(), since=SINCE, until=UNTIL).differences == []


def test_every_change_of_a_row_is_reported():
    """A deleted, changed or extra row, a missing id, and a counter that is too low."""
    good = tables()
    first, second = good.messages
    thumb, party = good.reactions
    eve = {"userId": "eve", "channelId": "c-1", "joinedAt": at(1)}
    cases: list[tuple[Tables, set[tuple[str, str]]]] = [
        (tables(messages=[second]), {("missing", "messages")}),
        (tables(messages=[{**first, "text": "forged"}, second]), {("different", "messages")}),
        (tables(messages=[first, {**second, "text": "back"}]), {("different", "messages")}),
        (tables(messages=[{**first, "senderName": ERASED_NAME}, second]), {("different", "messages")}),
        (tables(message_ids=good.message_ids[:1]), {("missing", "messageIds")}),
        (tables(reactions=good.reactions[:1]), {("missing", "reactions")}),
        (tables(reactions=[{**thumb, "present": True}, party]), {("different", "reactions")}),
        (tables(members=[]), {("missing", "members")}),
        (tables(members=[*good.members, eve]), {("extra", "members")}),
        (tables(members=[{**good.members[0], "role": "member"}]), {("different", "members")}),
        (tables(members=[*good.members, {**eve, "role": "owner"}]), {("different", "members")}),
        (tables(channels=[{**good.channels[0], "lastSeq": 1}]), {("different", "channels")}),
        (tables(channels=[{**good.channels[0], "memberCount": 2}]), {("different", "channels")}),
        (tables(channels=good.channels[:1]), {("missing", "channels")}),
        (tables(channels=[good.channels[0], {**good.channels[1], "namedChannelId": "c-2"}]),
         {("different", "channels")}),
        (tables(message_ids=[*good.message_ids, {"messageId": "m-9", "channelId": "c-1", "seq": 9}]),
         {("different", "channels")}),
        (tables(members=[{**good.members[0], "readSeq": 3}]), {("different", "channels")}),
    ]  # fmt: skip
    for tampered, expected in cases:
        differences = compare(project(EVENTS), tampered, since=SINCE, until=UNTIL).differences
        assert {(difference.kind, difference.table) for difference in differences} >= expected, expected


@pytest.mark.parametrize(
    ("stored", "differs"),
    [
        ({"sentAt": at(10)}, False),
        ({"sentAt": at(15), "senderName": "Alice B."}, False),
        ({"sentAt": at(12)}, True),
        ({"sentAt": at(15)}, True),
    ],
    ids=["first try", "second try", "neither", "of both"],
)
@pytest.mark.parametrize("is_first_read_first", [True, False])
def test_a_send_that_was_repeated_is_no_difference(
    stored: dict[str, Any], differs: bool, is_first_read_first: bool
):
    """Its ack was lost, so the client sent it again. Each try is an event with the time and the name of then."""
    again = message_sent("m-1", offset_ms=15)
    again.data["sender"]["displayName"] = "Alice B."
    events = [*EVENTS, again] if is_first_read_first else [again, *EVENTS]
    first, second = tables().messages
    with_it = tables(messages=[{**first, **stored}, second])
    differences = compare(project(events), with_it, since=SINCE, until=UNTIL).differences
    assert bool(differences) is differs


def test_the_messages_of_an_erased_user_are_no_differences():
    """They are deleted, and their sender has no name any more."""
    first, second = tables().messages
    erased = tables(messages=[first, {**second, "senderName": ERASED_NAME}])
    assert compare(project(EVENTS), erased, since=SINCE, until=UNTIL).differences == []


def member_left(user_id: str, offset_ms: int, new_owner_id: str | None = None) -> BusEvent:
    """A member leaves, and the channel may pass to a new owner."""
    return membership_changed(False, offset_ms=offset_ms, user_id=user_id, new_owner_id=new_owner_id)


@pytest.mark.parametrize(
    ("events", "owners"),
    [
        ([channel_created()], {"alice"}),
        ([channel_created(kind="direct")], set()),
        ([channel_created(), member_left("alice", 10)], set()),
        (
            [channel_created(), member_left("alice", 10), membership_changed(True, offset_ms=20, user_id="alice")],
            set(),
        ),
        ([channel_created(), membership_changed(True, offset_ms=5), member_left("alice", 10, "bob")], {"bob"}),
        # The first new owner has left, so another event names a second one, at the same time or later.
        (
            [
                channel_created(),
                membership_changed(True, offset_ms=5),
                membership_changed(True, offset_ms=6, user_id="carol"),
                member_left("alice", 10, "carol"),
                member_left("carol", 9),
                member_left("alice", 10, "bob"),
            ],
            {"bob"},
        ),
        (
            [
                channel_created(),
                membership_changed(True, offset_ms=5),
                membership_changed(True, offset_ms=6, user_id="carol"),
                member_left("alice", 10, "carol"),
                member_left("carol", 9, "bob"),
            ],
            {"bob"},
        ),
    ],
)
def test_the_owner_is_the_latest_one_who_did_not_leave(events: list[BusEvent], owners: set[str]):
    """A channel that every member left has no owner, even if the first one joins again."""
    assert project(events).owners_of("c-1") == owners
    assert project(reversed(events)).owners_of("c-1") == owners


def test_rows_and_events_outside_the_time_range_are_not_compared():
    """A row that is older than the archive, and an event that is too recent."""
    old = {**tables().messages[0], "seq": 3, "messageId": "m-old", "sentAt": at(-2_000_000)}
    rows = tables(
        messages=[*tables().messages, old],
        message_ids=[*tables().message_ids, {"messageId": "m-old", "channelId": "c-1", "seq": 3}],
        channels=[{**tables().channels[0], "lastSeq": 3}, tables().channels[1]],
    )
    comparison = compare(project(EVENTS), rows, since=SINCE, until=UNTIL)
    assert (comparison.differences, comparison.outside) == ([], 1)
    recent = message_sent("m-recent", offset_ms=2_000_000)
    assert compare(project([*EVENTS, recent]), tables(), since=SINCE, until=UNTIL).differences == []


def test_a_malformed_event_has_no_effect_and_is_counted():
    """As in the workflow, which refuses it."""
    projected = project([*EVENTS, bus_event("MessageSent", {"channelId": "c-1"}), BusEvent({"detail": 7})])
    assert state(projected) == state(project(EVENTS))
    assert len(projected.malformed) == 2


def test_a_read_marker_that_is_lower_than_its_events_is_reported():
    """Messages that the user has read would be unread again."""
    read = {"channelId": "c-1", "userId": "bob", "readSeq": 2}
    projected = project([*EVENTS, bus_event("ChannelRead", read)])
    [found] = compare(projected, tables(), since=SINCE, until=UNTIL).differences
    assert (found.kind, found.table, found.key) == ("different", "members", "bob in c-1")
    good = tables(members=[{**tables().members[0], "readSeq": 2}])
    assert compare(projected, good, since=SINCE, until=UNTIL).differences == []


def test_unreadable_rows_are_listed_and_nothing_else():
    """Each with its table, its key, the field and the command that repairs it; its neighbours are compared."""
    good = tables()
    rows: dict[str, Any] = {
        "channels": good.channels,
        "messages": [{**good.messages[0], "sentAt": "never"}, good.messages[1]],
        "messageIds": good.message_ids,
        "reactions": good.reactions,
        "members": [{**good.members[0], "joinedAt": None}],
    }
    found = compare(project(EVENTS), Tables.of(rows), since=SINCE, until=UNTIL).differences
    unreadable = [(item.table, item.key, "sentAt" in item.note) for item in found if item.kind == "unreadable"]
    assert unreadable == [("messages", "c-1/1", True), ("members", "bob in c-1", False)]
    assert [item.repair for item in found if item.kind == "unreadable"] == [
        ("repair", "messages", "c-1", "1"),
        ("repair", "members", "bob", "c-1"),
    ]
    assert {item.kind for item in found} <= {"unreadable", "different"}
    assert [item for item in found if item.table == "messages" and item.kind != "unreadable"] == []
