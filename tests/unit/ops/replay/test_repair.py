"""One damaged row is derived from what is stored elsewhere, and nothing else is written."""

import re
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from functions.contract.shards import last_rows
from functions.contract.text import ERASED_NAME
from ops import times
from ops.errors import BadRequestError, ExitCode, NotFoundError, OpsError
from ops.events import archive
from ops.events.bus_event import BusEvent
from ops.replay import repair
from ops.replay.repair import NotDerivableError
from ops.stage import lookup, tables, user_sessions
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import (
    START_MS,
    at,
    bus_event,
    channel_created,
    membership_changed,
    message_deleted,
    message_edited,
    message_sent,
    reaction_changed,
)
from tests.unit.ops.lagging_archive import LaggingArchive
from tests.unit.stage import fill_tables, stored_rows

NOW = START_MS // 1000 + 60
EVENTS = [
    channel_created(),
    membership_changed(True, offset_ms=5),
    message_sent("m-1", offset_ms=10),
    message_edited("m-1", 1, "edited", offset_ms=30),
    message_sent("m-2", offset_ms=20),
    message_deleted("m-2", 2, offset_ms=90),
    reaction_changed("m-1", 1, offset_ms=60, added=True),
    bus_event("ChannelRead", {"channelId": "c-1", "userId": "bob", "readSeq": 1}, offset_ms=70),
    bus_event("UserRenamed", {"userId": "bob", "displayName": "Bobby", "renamedAt": at(80)}, offset_ms=80),
]
MESSAGE = {
    "channelId": "c-1",
    "senderId": "alice",
    "senderName": "Alice",
    "traceHeader": "",
}
GOOD: dict[str, dict[str, Any]] = {
    "channels": {
        "channelId": "c-1", "kind": "public", "name": "tea", "createdAt": at(0), "createdBy": "alice",
        "announced": True, "lastSeq": 2, "memberCount": 2,
    },
    "members": {
        "userId": "bob", "channelId": "c-1", "role": "member", "joinedAt": at(5), "readSeq": 1, "announced": True,
    },
    "messages": MESSAGE | {
        "seq": 1, "messageId": "m-1", "clientMessageId": "client-m-1", "text": "edited", "sentAt": at(10),
        "editedAt": at(30),
    },
    "messageIds": {"messageId": "m-1", "channelId": "c-1", "seq": 1},
    "reactions": {
        "channelId": "c-1", "reactionKey": f"{1:012d}#👍#bob", "seq": 1, "emoji": "👍", "userId": "bob",
        "present": True, "reactedAt": at(60),
    },
    "users": {
        "userId": "bob", "username": "bob.name", "displayName": "Bobby", "directory": "everyone", "isOnline": True,
        "onlineUntil": NOW + 60,
    },
    "subscriptions": {"channelId": "c-1", "connectionId": "b1", "userId": "bob", "expiresAt": NOW + 60},
}  # fmt: skip
"""A row of each table, as it must be after the repair."""
OTHERS: dict[str, list[dict[str, Any]]] = {
    "messages": [MESSAGE | {
        "seq": 2, "messageId": "m-2", "clientMessageId": "client-m-2", "text": "", "sentAt": at(20),
        "deletedAt": at(90), "deletedBy": "alice",
    }],
    "messageIds": [{"messageId": "m-2", "channelId": "c-1", "seq": 2}],
    "members": [{
        "userId": "alice", "channelId": "c-1", "role": "owner", "joinedAt": at(0), "readSeq": 2, "announced": True,
    }],
    "connections": [
        {"userId": "bob", "connectionId": "b1", "sessionId": "s", "openedAt": START_MS, "expiresAt": NOW + 60}
    ],
}  # fmt: skip


@pytest.fixture
def people(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Alice and Bob in a channel, with what the archive has about them."""
    events: list[BusEvent] = list(EVENTS)

    def read(_stage: Stage, wanted: Any, *, keep: archive.Keep, **_: Any) -> list[BusEvent]:
        return [event for event in events if wanted.matches(event) and keep(event)]

    pool = SimpleNamespace(
        with_id=lambda user_id: SimpleNamespace(user_id=user_id, username=f"{user_id}.name", display_name="Bob")
    )
    monkeypatch.setattr(Stage, "user_pool", property(lambda _: pool))
    monkeypatch.setattr(archive, "read", read)
    monkeypatch.setattr(archive, "start_ms", lambda _: 0)
    monkeypatch.setattr(archive, "complete_until_ms", lambda _: START_MS + 1_000_000)
    monkeypatch.setattr(times, "now", lambda: NOW * 1000)
    fill_tables(write_people, stage)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    for table, row in GOOD.items():
        put(stage, table, row)
    for table, rows in OTHERS.items():
        for row in rows:
            put(stage, table, row)


def put(stage: Stage, table: str, row: dict[str, Any]) -> None:
    """Store a row."""
    stage.table(tables.output_name(table)).put_item(Item=row)


def all_rows(stage: Stage) -> dict[str, list[Any]]:
    """Every row of every table that has a model."""
    return {
        name: stored_rows(stage.output("Data", f"{tables.output_name(name)}TableName"))
        for name in tables.ROW_TYPES
    }


def key_texts(table: str, row: dict[str, Any]) -> tuple[str, ...]:
    """The words that name a row."""
    return tuple(str(row[name]) for name in tables.ROW_TYPES[table][1])


def damaged(table: str, row: dict[str, Any], how: str) -> dict[str, Any]:
    """A row of which the key alone is left as it was."""
    key = {name: row[name] for name in tables.ROW_TYPES[table][1]}
    return key if how == "emptied" else key | {name: ["garbage"] for name in row if name not in key}


def repaired(stage: Stage, table: str, *texts: str) -> repair.Repair:
    """Plan the repair of a row, and apply it."""
    planned = repair.plan(stage, table, repair.key_of(table, texts))
    repair.apply(stage, planned)
    return planned


@pytest.mark.parametrize("how", ["emptied", "of other types"])
@pytest.mark.parametrize("table", GOOD)
def test_a_damaged_row_is_as_it_was(people: Stage, table: str, how: str):
    """Of every table: what it was is derived from the archive, the other tables and the user pool."""
    before = all_rows(people)
    put(people, table, damaged(table, GOOD[table], how))
    assert tables.fault(table, damaged(table, GOOD[table], how))
    assert repaired(people, table, *key_texts(table, GOOD[table])).changes
    assert all_rows(people) == before


@pytest.mark.parametrize("table", ["messages", "subscriptions"])
def test_a_row_is_repaired_in_a_stage_of_any_size(people: Stage, monkeypatch: pytest.MonkeyPatch, table: str):
    """Of a table without a suitable index, only the rows that are looked for count."""
    monkeypatch.setattr(tables, "MAX_ROWS", 1)
    put(people, "connections", OTHERS["connections"][0] | {"connectionId": "b2"})
    before = all_rows(people)
    put(people, table, damaged(table, GOOD[table], "emptied"))
    repaired(people, table, *key_texts(table, GOOD[table]))
    assert all_rows(people) == before


@pytest.mark.parametrize("table", ["channels", "members", "messages", "messageIds", "reactions", "users"])
def test_a_missing_row_is_as_it_was(people: Stage, table: str):
    """Where what is stored elsewhere says that there must be one."""
    before = all_rows(people)
    key = {name: GOOD[table][name] for name in tables.ROW_TYPES[table][1]}
    people.table(tables.output_name(table)).delete_item(Key=key)
    repaired(people, table, *key_texts(table, GOOD[table]))
    assert all_rows(people) == before


@pytest.mark.parametrize(("table", "kept"), [("messages", {"c-1"}), ("messageIds", {"m-1"}), ("users", {"bob"})])
def test_only_events_about_the_row_are_read(
    people: Stage, monkeypatch: pytest.MonkeyPatch, table: str, kept: set[str]
):
    """The archive of a large stage has more events than one command may keep."""
    others = [
        message_sent("m-8", channel_id="c-8"),
        bus_event("ChannelRead", {"channelId": "c-8", "userId": "eve"}),
    ]
    read: list[BusEvent] = []

    def record(_stage: Stage, wanted: Any, *, keep: archive.Keep, **_: Any) -> list[BusEvent]:
        read.extend(event for event in [*EVENTS, *others] if wanted.matches(event) and keep(event))
        return read

    monkeypatch.setattr(archive, "read", record)
    put(people, table, damaged(table, GOOD[table], "emptied"))
    repaired(people, table, *key_texts(table, GOOD[table]))
    name = tables.ROW_TYPES[table][1][0]
    assert {event.data.get(name) for event in read} == kept


@pytest.mark.parametrize("table", GOOD)
def test_a_row_that_can_be_read_is_kept(people: Stage, table: str):
    """Whatever the archive has: which of the two is right, an operator decides."""
    changed = {**GOOD[table], **({"text": "by hand"} if table == "messages" else {})}
    put(people, table, changed)
    planned = repair.plan(people, table, repair.key_of(table, key_texts(table, changed)))
    assert not planned.changes
    assert planned.before == planned.after == changed


def test_the_counters_of_a_channel_are_set(people: Stage):
    """Never lower than what is stored."""
    put(people, "channels", GOOD["channels"] | {"lastSeq": 1, "memberCount": 7})
    assert repaired(people, "channels", "c-1").after == GOOD["channels"]
    put(people, "channels", GOOD["channels"] | {"lastSeq": 9})
    assert not repair.plan(people, "channels", repair.key_of("channels", ("c-1",))).changes


def test_the_row_of_a_name_belongs_to_its_channel(people: Stage):
    """It is written if a public channel has the name, and deleted if none has."""
    assert repaired(people, "channels", "name#tea").after == {"channelId": "name#tea", "namedChannelId": "c-1"}
    put(people, "channels", {"channelId": "name#milk", "namedChannelId": "c-9"})
    assert repaired(people, "channels", "name#milk").after is None


def test_the_row_of_a_member_who_left_is_deleted(people: Stage, monkeypatch: pytest.MonkeyPatch):
    """The archive says so."""
    events = [*EVENTS, membership_changed(False, offset_ms=200)]
    monkeypatch.setattr(archive, "read", lambda *_, **__: events)
    put(people, "members", damaged("members", GOOD["members"], "emptied"))
    assert repaired(people, "members", "bob", "c-1").after is None
    assert [row["userId"] for row in all_rows(people)["members"]] == ["alice"]


def test_a_member_who_left_in_the_last_ten_minutes_is_not_a_member_again(
    people: Stage, monkeypatch: pytest.MonkeyPatch
):
    """Their row is deleted at once, and the archive of AWS has the event of the leaving later."""
    events = [*EVENTS, membership_changed(False, offset_ms=3_600_000)]
    LaggingArchive(monkeypatch, events, now_ms=START_MS + 3_660_000)
    people.table("Members").delete_item(Key={"userId": "bob", "channelId": "c-1"})
    assert not repair.plan(people, "members", repair.key_of("members", ("bob", "c-1"))).changes


def test_the_row_of_a_subscription_without_a_member_is_deleted(people: Stage):
    """A damaged row gives no user the frames of a channel that they left."""
    people.table("Members").delete_item(Key={"userId": "bob", "channelId": "c-1"})
    put(people, "subscriptions", damaged("subscriptions", GOOD["subscriptions"], "emptied"))
    assert repaired(people, "subscriptions", "c-1", "b1").after is None


def test_the_row_that_links_shards_is_derived(people: Stage):
    """From its key, and from the links of the other shards."""
    links = last_rows("c-1", 4)
    for row in links:
        put(people, "subscriptions", row)
    put(people, "subscriptions", {"channelId": "c-1#1", "connectionId": "~", "nextShard": 7})
    after = repaired(people, "subscriptions", "c-1#1", "~").after
    assert after == next(row for row in links if row["channelId"] == "c-1#1")


def test_an_erased_user_stays_erased(people: Stage):
    """Neither the profile nor a message gets the name back."""
    put(people, "textKeys", {"userId": "alice", "erasedAt": at(500)})
    put(people, "users", {"userId": "alice", "username": ["garbage"]})
    after = repaired(people, "users", "alice").after or {}
    assert (after["displayName"], after["username"], "directory" in after) == (ERASED_NAME, "alice", False)
    put(people, "messages", damaged("messages", OTHERS["messages"][0], "emptied"))
    assert (repaired(people, "messages", "c-1", "2").after or {})["senderName"] == ERASED_NAME


@pytest.mark.parametrize(("table", "name", "of"), [("connections", "bob", "b1"), ("tickets", "user#bob", "")])
def test_a_row_that_cannot_be_derived_safely_ends_connections(
    people: Stage, monkeypatch: pytest.MonkeyPatch, table: str, name: str, of: str
):
    """The client connects again, if its user still may."""
    closed: list[str] = []
    monkeypatch.setattr(user_sessions, "close", lambda _, found: closed.extend(one.connection_id for one in found))
    key = {"connectionId": of, "userId": name} if of else {"ticketHash": name}
    put(people, table, {**key, "expiresAt": ["garbage"]})
    planned = repaired(people, table, *(word for word in (name, of) if word))
    assert (closed, bool(planned.more)) == (["b1"], True)
    if table == "tickets":
        assert planned.after is not None
        assert planned.after["endedAt"] == NOW


UNKNOWN = {
    "channels": ("c-9",),
    "members": ("carol", "c-1"),
    "messages": ("c-1", "9"),
    "messageIds": ("m-9",),
    "reactions": ("c-1", f"{9:012d}#👍#bob"),
    "users": ("carol",),
    "textKeys": ("bob",),
    "tickets": ("a-ticket",),
}


@pytest.mark.parametrize("table", UNKNOWN)
def test_what_is_stored_nowhere_else_is_refused(people: Stage, monkeypatch: pytest.MonkeyPatch, table: str):
    """With a sentence and exit code 5, and nothing is written."""
    monkeypatch.setattr(people.user_pool, "with_id", lambda _: None)
    monkeypatch.setattr(tables, "row_type", lambda name, _: tables.ROW_TYPES[name][0])
    key = repair.key_of(table, UNKNOWN[table])
    put(people, table, key)
    before = all_rows(people)
    with pytest.raises(NotDerivableError) as refusal:
        repaired(people, table, *UNKNOWN[table])
    assert (refusal.value.exit_code, "\n" in str(refusal.value)) == (ExitCode.UNREPAIRED, False)
    assert all_rows(people) == before


@pytest.mark.parametrize("table", [name for name in UNKNOWN if name not in ("tickets", "textKeys")])
def test_a_row_that_never_was_is_not_found(people: Stage, monkeypatch: pytest.MonkeyPatch, table: str):
    """Exit code 3: nothing says that there was one."""
    monkeypatch.setattr(people.user_pool, "with_id", lambda _: None)
    with pytest.raises(NotFoundError, match="no such row") as refusal:
        repaired(people, table, *UNKNOWN[table])
    # There is no row to delete or to replace.
    assert not re.search("[Dd]elete|replaces", str(refusal.value))


@pytest.mark.parametrize("is_damaged", [True, False], ids=["damaged", "missing"])
def test_a_message_of_the_archive_alone_is_stored_by_the_command_that_is_named(people: Stage, is_damaged: bool):
    """`replay` needs a start time: that of the first event of the message."""
    people.table("Messages").delete_item(Key={"channelId": "c-1", "seq": 1})
    if is_damaged:
        put(people, "messageIds", damaged("messageIds", GOOD["messageIds"], "emptied"))
    else:
        people.table("MessageIds").delete_item(Key={"messageId": "m-1"})
    with pytest.raises(NotDerivableError if is_damaged else NotFoundError) as refusal:
        repaired(people, "messageIds", "m-1")
    assert f"replay --since {at(10)} --redeliver" in str(refusal.value)
    assert ("Delete this row" in str(refusal.value)) is is_damaged


def test_names_are_taken_as_well_as_ids(people: Stage, monkeypatch: pytest.MonkeyPatch):
    """Those of a channel and of a user."""
    monkeypatch.setattr(lookup, "user_id", lambda _, text: {"bob.name": "bob"}.get(text))
    key = repair.key_of("members", ("bob.name", "tea"))
    assert repair.named(people, key) == {"userId": "bob", "channelId": "c-1"}
    for unchanged in ({"channelId": "name#tea"}, {"messageId": "m-1"}, {"userId": "u-9", "channelId": "c-9"}):
        assert repair.named(people, unchanged) == unchanged


@pytest.mark.parametrize(
    ("table", "texts", "error"),
    [
        ("rates", ("bob", "renames"), BadRequestError),
        ("messages", ("c-1",), BadRequestError),
        ("messages", ("c-1", "first"), BadRequestError),
        ("users", ("",), NotFoundError),
        ("connections", ("bob", "b9"), NotFoundError),
    ],
)
def test_an_impossible_key_is_refused(people: Stage, table: str, texts: tuple[str, ...], error: type[OpsError]):
    """With the names of the attributes, or because there is no such row."""
    with pytest.raises(error):
        repaired(people, table, *texts)


@pytest.mark.parametrize("change", [{"text": "newer"}, None], ids=["changed", "deleted"])
def test_a_row_that_changed_meanwhile_is_not_overwritten(people: Stage, change: dict[str, Any] | None):
    """The operator saw another one."""
    put(people, "messages", damaged("messages", GOOD["messages"], "emptied"))
    planned = repair.plan(people, "messages", repair.key_of("messages", ("c-1", "1")))
    if change is None:
        people.table("Messages").delete_item(Key={"channelId": "c-1", "seq": 1})
    else:
        put(people, "messages", {**GOOD["messages"], **change})
    before = all_rows(people)
    with pytest.raises(OpsError, match="Run this again"):
        repair.apply(people, planned)
    assert all_rows(people) == before


def test_messages_that_are_sent_meanwhile_keep_their_seqs(people: Stage):
    """The counter of a channel is not part of what the repair of its name writes."""
    put(people, "channels", GOOD["channels"] | {"createdAt": "never"})
    planned = repair.plan(people, "channels", repair.key_of("channels", ("c-1",)))
    people.table("Channels").update_item(
        Key={"channelId": "c-1"}, UpdateExpression="ADD lastSeq :one", ExpressionAttributeValues={":one": 1}
    )
    repair.apply(people, planned)
    [row] = [row for row in all_rows(people)["channels"] if row["channelId"] == "c-1"]
    assert (row["lastSeq"], row["createdAt"]) == (Decimal(3), at(0))
    assert replace(planned, after=planned.before).changes is False
