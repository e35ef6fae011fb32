"""A redelivery restores rows, with their derived values, from what is stored and from all events."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.contract.shards import LAST_ROW, last_rows, shard_of
from ops import times
from ops.events.projection import project
from ops.replay import repair
from ops.replay.counters import Counters
from ops.replay.restore import Restorer, subscribe
from ops.stage import tables
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import (
    at,
    bus_event,
    channel_created,
    membership_changed,
    message_deleted,
    message_edited,
    message_sent,
)


def put(stage: Stage, table: str, **row: Any) -> None:
    """Store a row."""
    stage.table(table).put_item(Item=row)


def get(stage: Stage, table: str, **key: Any) -> Any:
    """A stored row, or None."""
    return stage.table(table).get_item(Key=key).get("Item")


def message(stage: Stage, seq: int, message_id: str, **changes: Any) -> None:
    """Store a message of Alice, and its id."""
    put(stage, "MessageIds", messageId=message_id, channelId="c-1", seq=seq)
    row: dict[str, Any] = {
        "senderId": "alice",
        "senderName": "Alice",
        "text": "hello",
        "sentAt": at(10 * seq),
        "traceHeader": "",
    }
    row |= {"clientMessageId": f"client-{message_id}", "messageId": message_id, "channelId": "c-1", "seq": seq}
    put(stage, "Messages", **{**row, **changes})


def member(stage: Stage, user_id: str, read_seq: int) -> None:
    """Store a membership."""
    row = {"userId": user_id, "channelId": "c-1", "role": "member", "joinedAt": at(5), "readSeq": read_seq}
    put(stage, "Members", **row)


@pytest.mark.parametrize(
    ("ids", "reads", "expected"), [({}, 0, 2), ({"m-lost": 7}, 0, 7), ({}, 9, 9)], ids=["message", "id", "marker"]
)
def test_a_lost_channel_gets_counters_that_are_not_below_what_is_stored(
    stage: Stage, ids: dict[str, int], reads: int, expected: int
):
    """The next message must not get a seq that a message, the id of a lost message or a read marker has."""
    message(stage, 1, "m-1")
    message(stage, 2, "m-2")
    for message_id, seq in ids.items():
        put(stage, "MessageIds", messageId=message_id, channelId="c-1", seq=seq)
    member(stage, "alice", reads)
    member(stage, "bob", 0)
    created = channel_created()
    Restorer(stage, projected=project([created])).prepare(created)
    row = get(stage, "Channels", channelId="c-1")
    assert (row["lastSeq"], row["memberCount"], row["name"]) == (expected, 2, "tea")


def test_counters_are_restored_in_a_stage_of_any_size(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The ids of all messages are read, whose rows have no limit; those of another channel do not count."""
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    for seq in range(1, 9):
        put(stage, "MessageIds", messageId=f"m-{seq}", channelId="c-1", seq=seq)
    put(stage, "MessageIds", messageId="m-other", channelId="c-2", seq=40)
    assert Counters(stage).of("c-1") == {"lastSeq": 8, "memberCount": 0}


@pytest.mark.parametrize(
    "damage", [{"lastSeq": 0}, {"lastSeq": 1, "memberCount": 9}, {"memberCount": None}], ids=str
)
def test_derived_values_of_a_stored_channel_are_restored(stage: Stage, damage: dict[str, Any]):
    """Its counters, the row that keeps its name unique, and read markers of the archive; nothing is lowered."""
    message(stage, 1, "m-1")
    message(stage, 2, "m-2")
    member(stage, "alice", 0)
    row = {"channelId": "c-1", "kind": "public", "name": "Tea", "lastSeq": 2, "memberCount": 1, **damage}
    put(stage, "Channels", **{name: value for name, value in row.items() if value is not None})
    Counters(stage, {("alice", "c-1"): 2}).restore("c-1")
    after = get(stage, "Channels", channelId="c-1")
    assert (after["lastSeq"], after["memberCount"]) == (2, 1)
    assert get(stage, "Channels", channelId="name#tea")["namedChannelId"] == "c-1"
    assert get(stage, "Members", userId="alice", channelId="c-1")["readSeq"] == 2


def test_members_are_counted_while_messages_are_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Each message changes the row of the channel. A count that gives up would be reported as repaired."""
    put(stage, "Channels", channelId="c-1", kind="private", name="tea", lastSeq=5, memberCount=9)
    member(stage, "alice", 0)
    count = Counters._members

    def while_a_message_is_sent(counters: Counters, channel_id: str) -> list[dict[str, Any]]:
        stage.table("Channels").update_item(
            Key={"channelId": channel_id},
            UpdateExpression="ADD lastSeq :one",
            ExpressionAttributeValues={":one": 1},
        )
        return count(counters, channel_id)

    monkeypatch.setattr(Counters, "_members", while_a_message_is_sent)
    Counters(stage).restore("c-1")
    row = get(stage, "Channels", channelId="c-1")
    assert row["memberCount"] == 1
    assert row["lastSeq"] > 5


@pytest.mark.parametrize("command", ["replay", "repair"])
def test_a_member_who_joined_just_now_is_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch, command: str):
    """The row of the channel counts them, and the index does not list them yet: the row must not be damaged."""
    put(stage, "Channels", channelId="c-1", kind="private", name="tea", createdAt=at(0), createdBy="alice",
        lastSeq=0, memberCount=2)  # fmt: skip
    member(stage, "alice", 0)
    member(stage, "bob", 0)
    count = Counters._members
    lists: list[int] = []

    def late_index(counters: Counters, channel_id: str) -> list[dict[str, Any]]:
        lists.append(0)
        return count(counters, channel_id)[: len(lists)]

    monkeypatch.setattr(Counters, "_members", late_index)
    if command == "replay":
        Counters(stage).restore("c-1")
        assert get(stage, "Channels", channelId="c-1")["memberCount"] == 2
    else:
        assert not repair.plan(stage, "channels", {"channelId": "c-1"}).changes


def test_a_counter_is_never_lowered(stage: Stage):
    """Numbers that were assigned and belong to no message stay assigned."""
    message(stage, 1, "m-1")
    put(stage, "Channels", channelId="c-1", kind="private", name="tea", lastSeq=40, memberCount=0)
    Counters(stage).restore("c-1")
    assert get(stage, "Channels", channelId="c-1")["lastSeq"] == 40


def test_a_read_marker_is_never_moved_back(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Also if its user reads on after the members were listed."""
    put(stage, "Channels", channelId="c-1", kind="private", lastSeq=9, memberCount=1)
    member(stage, "alice", 9)
    listed_before = {"userId": "alice", "channelId": "c-1", "readSeq": 1}
    monkeypatch.setattr(Counters, "_members", lambda *_: [listed_before])
    Counters(stage, {("alice", "c-1"): 5}).restore("c-1")
    assert get(stage, "Members", userId="alice", channelId="c-1")["readSeq"] == 9


def test_a_lost_membership_gets_its_read_marker(stage: Stage):
    """What was sent before they joined, or what the archive says that they have read, is not unread."""
    message(stage, 1, "m-1", sentAt=at(1))
    message(stage, 2, "m-2", sentAt=at(60))
    put(stage, "Channels", channelId="c-1", kind="public", name="tea", lastSeq=2, memberCount=0)
    joined = membership_changed(True, offset_ms=50)
    Restorer(stage, projected=project([joined])).prepare(joined)
    assert get(stage, "Members", userId="bob", channelId="c-1")["readSeq"] == 1
    assert get(stage, "Channels", channelId="c-1")["memberCount"] == 1
    read = bus_event("ChannelRead", {"channelId": "c-1", "userId": "carol", "readSeq": 2})
    joined = membership_changed(True, offset_ms=50, user_id="carol")
    Restorer(stage, projected=project([joined, read])).prepare(joined)
    assert get(stage, "Members", userId="carol", channelId="c-1")["readSeq"] == 2


@pytest.mark.parametrize("stored", ["lost", "damaged"])
@pytest.mark.parametrize("shards", [1, 4])
def test_the_open_connections_of_a_restored_membership_are_subscribed(stage: Stage, stored: str, shards: int):
    """Once, in the shard that functions use. Without it, the user gets no frames until they connect again."""
    for row in last_rows("c-1", shards):
        put(stage, "Subscriptions", **row)
    put(stage, "Channels", channelId="c-1", kind="public", name="tea", lastSeq=0, memberCount=0)
    if stored == "damaged":
        put(stage, "Members", userId="bob", channelId="c-1", role="king", joinedAt="never")
    ends = times.now() // 1000 + 60
    opened = {"userId": "bob", "connectionId": "k-1", "sessionId": "s", "openedAt": 1, "expiresAt": ends}
    put(stage, "Connections", **opened)
    joined = membership_changed(True, offset_ms=50)
    Restorer(stage, projected=project([joined])).prepare(joined)
    rows = stage.table("Subscriptions").scan()["Items"]
    assert [row for row in rows if row["connectionId"] != LAST_ROW] == [
        {"channelId": shard_of("c-1", "k-1", shards), "connectionId": "k-1", "userId": "bob", "expiresAt": ends}
    ]


def test_a_connection_that_was_just_opened_is_subscribed(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """It was stored before the membership and found none, so that no other reader subscribes it."""
    requests: list[dict[str, Any]] = []

    def paginate(_: Any, **request: Any) -> Iterator[Any]:
        requests.append(request)
        return iter(())

    monkeypatch.setattr(tables, "paginate", paginate)
    subscribe(stage, "bob", "c-1")
    assert [request.get("ConsistentRead") for request in requests] == [True]


SENT = message_sent("m-1", offset_ms=10)


@pytest.mark.parametrize(
    ("changes", "text", "fields"),
    [
        ([], "hello", {}),
        ([message_edited("m-1", 1, "better", offset_ms=20)], "better", {"editedAt": at(20)}),
        ([message_deleted("m-1", 1, offset_ms=30)], "", {"deletedAt": at(30), "deletedBy": "alice"}),
    ],
    ids=["as sent", "edited", "deleted"],
)
@pytest.mark.parametrize("stored", ["lost", "damaged"])
def test_a_message_is_restored_as_it_is_now(
    stage: Stage, stored: str, changes: list[Any], text: str, fields: dict[str, Any]
):
    """Before its event runs, so that the run posts the message as edited, or nothing of a deleted one."""
    put(stage, "MessageIds", messageId="m-1", channelId="c-1", seq=1)
    if stored == "damaged":
        message(stage, 1, "m-1", sentAt="never")
    Restorer(stage, projected=project([SENT, *changes]), look_in_log=False).prepare(SENT)
    row = get(stage, "Messages", channelId="c-1", seq=1)
    assert (row["text"], row["sentAt"], row["messageId"]) == (text, at(10), "m-1")
    assert {name: row.get(name) for name in ("editedAt", "deletedAt", "deletedBy")} == {
        "editedAt": None,
        "deletedAt": None,
        "deletedBy": None,
        **fields,
    }


@pytest.mark.parametrize(
    ("stored", "known", "expected"),
    [
        ([], {"m-1": 3}, 3),
        ([("m-2", 3)], {"m-1": 3}, None),
        ([("m-2", 2)], {"m-1": 3}, 3),
        ([("m-1", 5)], {"m-1": 3}, 5),
        ([], {}, None),
    ],
    ids=["known", "taken by another message", "next to another message", "stored under another", "unknown"],
)
def test_a_lost_message_gets_its_former_seq_unless_another_has_it(
    stage: Stage, stored: list[tuple[str, int]], known: dict[str, int], expected: int | None
):
    """Its row in `messageIds` is lost; without a seq there, the run assigns a new one. `lastSeq` is raised."""
    put(stage, "Channels", channelId="c-1", kind="public", name="tea", lastSeq=4, memberCount=1)
    for message_id, seq in stored:
        message(stage, seq, message_id)
    stage.table("MessageIds").delete_item(Key={"messageId": "m-1"})
    Restorer(stage, seqs=known, look_in_log=False).prepare(SENT)
    row = get(stage, "MessageIds", messageId="m-1")
    assert (row and row["seq"]) == expected
    assert get(stage, "Channels", channelId="c-1")["lastSeq"] == max(expected or 0, 4)


def test_a_change_is_run_with_the_seq_under_which_its_message_is_stored_now(stage: Stage):
    """It was published with the former one. Other events, and changes of lost messages, stay as they are."""
    put(stage, "MessageIds", messageId="m-1", channelId="c-1", seq=9)
    restorer = Restorer(stage)
    edit = message_edited("m-1", 3, "better", offset_ms=20)
    moved = [restorer.with_current_seq(event) for event in (edit, edit)]
    assert [event.data["seq"] for event in moved] == [9, 9]
    assert edit.data["seq"] == 3
    for unchanged in (SENT, message_edited("m-lost", 3, "better", offset_ms=20), channel_created()):
        assert restorer.with_current_seq(unchanged) is unchanged


def test_a_readable_message_is_not_restored(stage: Stage):
    """Rows that are different are reported, not changed."""
    message(stage, 1, "m-1", text="forged")
    Restorer(stage, projected=project([SENT]), look_in_log=False).prepare(SENT)
    assert get(stage, "Messages", channelId="c-1", seq=1)["text"] == "forged"


def test_a_damaged_channel_and_membership_are_restored(stage: Stage):
    """Rows that cannot be read are written again from their events, with the counters of what is stored."""
    message(stage, 3, "m-3")
    put(stage, "Channels", channelId="c-1", kind="secret", name="tea", lastSeq=1, memberCount=7)
    put(stage, "Members", userId="bob", channelId="c-1", role="king", joinedAt="never")
    events = [channel_created(), membership_changed(True, offset_ms=5)]
    restorer = Restorer(stage, projected=project(events))
    for event in events:
        restorer.prepare(event)
    channel = get(stage, "Channels", channelId="c-1")
    assert (channel["kind"], channel["lastSeq"]) == ("public", 3)
    restorer.restore_derived(["c-1"])
    assert get(stage, "Channels", channelId="c-1")["memberCount"] == 2
    assert get(stage, "Members", userId="bob", channelId="c-1")["role"] == "member"


def test_a_lost_membership_is_that_of_the_last_joining(stage: Stage):
    """Alice created the channel, left it and joined it again: her row has the time of the event of now."""
    put(stage, "Channels", channelId="c-1", kind="public", name="tea", lastSeq=0, memberCount=0)
    created = channel_created()
    events = [
        created,
        membership_changed(False, offset_ms=10, user_id="alice"),
        membership_changed(True, offset_ms=20, user_id="alice"),
    ]
    Restorer(stage, projected=project(events)).prepare(created)
    assert get(stage, "Members", userId="alice", channelId="c-1")["joinedAt"] == at(20)
