"""A damaged row is shown as unreadable or left out, logged and counted, and never takes its neighbours with it."""

from typing import Any

import pytest

from functions.aws import channels, connections, members, messages, users
from functions.aws.observability import logger
from functions.contract.model import Shape
from functions.contract.rows import (
    ChannelRow,
    ConnectionRow,
    MemberRow,
    MessageIdRow,
    MessageRow,
    ReactionRow,
    SubscriptionRow,
    UserRow,
    fault_of,
)
from functions.logic import presence
from tests.unit.builders import CHANNEL, NOW_MS
from tests.unit.stage import Stage

DAMAGE: tuple[dict[str, Any], ...] = ({"sentAt": "never"}, {"text": "x" * 9_000}, {"senderName": 7}, {"text": ""})
"""Values of a message that the API refuses. None is set; a missing attribute is tested too."""


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice and Bob in two channels, each with a connection, and three messages."""
    stage.fill(write_people)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    for user_id in ("alice", "bob"):
        stage.add_user(user_id)
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "alice", "bob")
    for user_id in ("alice", "bob"):
        stage.connect(user_id, f"{user_id}-1")
        stage.connect(user_id, f"{user_id}-2")
    for seq in (1, 2, 3):
        stage.add_message(seq)


def damage(stage: Stage, table: str, key: dict[str, Any], **values: Any) -> None:
    """Set attributes of a row as an operator's mistake would; None removes one."""
    row = stage.dynamodb.Table(table).get_item(Key=key)["Item"]
    stage.put(table, **{name: value for name, value in {**row, **values}.items() if value is not None})


@pytest.mark.parametrize("values", [*DAMAGE, {"messageId": None}, {"sentAt": None}], ids=str)
def test_a_damaged_message_keeps_its_place(people: Stage, values: dict[str, Any]):
    """It is in the history as unreadable, between its neighbours, whatever is wrong with it."""
    damage(people, "messages", {"channelId": "c-1", "seq": 2}, **values)
    page = messages.page("messages", "reactions", "textKeys", "c-1", limit=10)
    assert [(item.seq, item.unreadable, item.text) for item in page.items] == [
        (1, False, "hi"),
        (2, True, ""),
        (3, False, "hi"),
    ]
    assert page.items[1].sent_at == page.items[0].sent_at
    assert messages.get("messages", "c-1", 2) is None


def test_a_damaged_reaction_is_left_out(people: Stage):
    """The other reactions of its message are shown."""
    for user_id in ("alice", "bob"):
        people.put(
            "reactions",
            channelId="c-1",
            reactionKey=f"{1:012d}#👍#{user_id}",
            seq=1,
            emoji="👍",
            userId=user_id,
            present=True,
            reactedAt=messages.page("messages", "reactions", "textKeys", "c-1", limit=1).items[0].sent_at,
        )
    key = {"channelId": "c-1", "reactionKey": f"{1:012d}#👍#alice"}
    damage(people, "reactions", key, reactedAt=None)
    [reaction] = messages.page("messages", "reactions", "textKeys", "c-1", limit=10).items[0].reactions
    assert reaction.user_ids == ("bob",)


def test_a_damaged_channel_is_left_out(people: Stage):
    """The user's other channels are listed, and presence is posted to them."""
    damage(people, "channels", {"channelId": "c-1"}, createdAt="never")
    assert set(channels.get_many("channels", ["c-1", "c-2"])) == {"c-2"}
    audiences = presence.audiences(people.status_settings(), ["alice"], now_ms=NOW_MS)
    assert {"bob-1", "alice-1"} <= set(audiences["alice"])


def test_a_damaged_membership_is_left_out(people: Stage):
    """The user's other channels, and the channel's other members, are listed."""
    damage(people, "members", {"userId": "alice", "channelId": "c-1"}, joinedAt="never")
    assert [member.channel_id for member in members.of_user("members", "alice")] == ["c-2"]
    listed, unreadable, _ = members.page_of_channel("members", "c-1", limit=10, after_user_id=None)
    assert ([member.user_id for member in listed], unreadable) == (["bob"], 1)


def test_a_damaged_user_is_shown_as_unreadable(people: Stage):
    """The other users are shown as they are."""
    damage(people, "users", {"userId": "bob"}, username=None)
    found = users.get_many("users", ["alice", "bob"], now_ms=NOW_MS)
    assert (found["alice"].display_name, found["bob"].display_name) == ("Alice", users.UNREADABLE_NAME)


def test_a_damaged_connection_is_left_out(people: Stage):
    """The user's other connection counts, and gets frames."""
    damage(people, "connections", {"userId": "alice", "connectionId": "alice-1"}, sessionId=None)
    damage(people, "subscriptions", {"channelId": "c-1", "connectionId": "bob-1"}, userId=7)
    assert [found.connection_id for found in connections.of_user("connections", "alice", now_ms=NOW_MS)] == [
        "alice-2"
    ]
    subscribed = connections.subscribers("subscriptions", "c-1", now_ms=NOW_MS)
    assert {found.connection_id for found in subscribed} == {"alice-1", "alice-2", "bob-2"}


def test_an_unreadable_row_is_logged_without_its_content(people: Stage, monkeypatch: pytest.MonkeyPatch):
    """The log names the row and the field, and never what a user wrote."""
    logged: list[dict[str, Any]] = []
    counted: list[str] = []
    monkeypatch.setattr("functions.aws.observability.count", counted.append)
    monkeypatch.setattr(logger, "error", lambda message, extra: logged.append({"message": message, **extra}))
    damage(people, "messages", {"channelId": "c-1", "seq": 2}, senderName="secret " * 20)
    messages.page("messages", "reactions", "textKeys", "c-1", limit=10)
    [line] = logged
    assert (line["message"], line["row"], line["channelId"]) == ("unreadable row", "MessageRow", "c-1")
    assert line["fault"].startswith("senderName: ")
    assert counted == ["UnreadableRows"]
    assert "secret" not in str(line)


@pytest.mark.parametrize(
    ("table", "row_type"),
    [
        ("messages", MessageRow),
        ("messageIds", MessageIdRow),
        ("reactions", ReactionRow),
        ("channels", ChannelRow),
        ("members", MemberRow),
        ("users", UserRow),
        ("connections", ConnectionRow),
        ("subscriptions", SubscriptionRow),
    ],
)
def test_what_is_stored_is_readable(people: Stage, table: str, row_type: type[Shape]):
    """Every row that the functions write fits its model."""
    stored = [row for row in people.rows(table) if not str(row.get("channelId")).startswith("name#")]
    assert [fault for row in stored if (fault := fault_of(row_type, row))] == []
