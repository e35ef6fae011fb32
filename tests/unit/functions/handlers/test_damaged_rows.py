"""One damaged row of any table: no route answers 500, no event is lost, and the row is logged and counted."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from functions.aws import text_keys, tickets, users
from functions.chat.channels import direct, general
from functions.chat.rate import RENAMES, TICKETS
from functions.contract.events import UserConnected, UserRenamed
from functions.contract.model import timestamp
from functions.contract.session import ENDED_USER_PREFIX
from functions.handlers import (
    api,
    authorize,
    broadcast_status,
    change_message,
    connect,
    disconnect,
    send_message,
    start_typing,
)
from functions.logic import registration
from tests.unit.builders import (
    AT,
    CHANNEL,
    CLIENT_MESSAGE_ID,
    NOW_MS,
    bus_event,
    connect_event,
    rest_event,
    socket_event,
    sqs_event,
)
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import INDEXES, TABLES, Stage

DIRECT = direct("alice", "bob", created_at=AT)
KEYS: dict[str, dict[str, Any]] = {
    "users": {"userId": "alice"},
    "channels": {"channelId": "c-1"},
    "channels of all": {"channelId": "general"},
    "channels of two": {"channelId": DIRECT.channel_id},
    "members": {"userId": "alice", "channelId": "c-1"},
    "messages": {"channelId": "c-1", "seq": 1},
    "reactions": {"channelId": "c-1", "reactionKey": f"{1:012d}#👍#bob"},
    "connections": {"userId": "alice", "connectionId": "a1"},
    "subscriptions": {"channelId": "c-1", "connectionId": "a1"},
    "textKeys": {"userId": "alice"},
    "rates": {"userId": "alice", "limitName": RENAMES.name},
    "rates of tickets": {"userId": "alice", "limitName": TICKETS.name},
}
"""A row of each table that Alice's calls read."""
REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/me", None),
    ("PUT", "/me", {"displayName": "Queen"}),
    ("GET", "/users", None),
    ("POST", "/tickets", None),
    ("GET", "/channels", None),
    ("GET", "/channels/c-1", None),
    ("GET", "/channels/c-1/members", None),
    ("GET", "/channels/c-1/messages", None),
    ("PUT", "/channels/c-1/read-marker", {"seq": 1}),
    ("GET", "/mentions", None),
    ("POST", "/channels", {"name": "tea"}),
    ("POST", "/direct-messages", {"userId": "bob"}),
    ("PUT", "/channels/c-1/members/me", None),
    ("DELETE", "/channels/c-1/members/me", None),
    ("POST", "/sign-out", None),
)
FRAMES: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
    (send_message.handler, {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "text": "hi"}),
    (start_typing.handler, {"action": "startTyping"}),
    (change_message.handler, {"action": "deleteMessage", "messageId": "m-1", "seq": 1}),
)
CALLS: dict[str, str] = {
    "users": "/me /tickets /users /channels /direct members status",
    "channels": "/channels status",
    "channels of all": "/me",
    "channels of two": "/direct",
    "members": "/channels frames connect status",
    "messages": "messages frames",
    "reactions": "messages",
    "connections": "members/me connect status",
    "subscriptions": "members/me connect status",
    "textKeys": "messages frames",
    "rates": "/me",
    "rates of tickets": "/tickets",
}
"""The calls that read each row: parts of paths, or the functions of the socket and of the queue."""
DAMAGE: dict[str, Callable[[Any], Any]] = {"wrong type": lambda _: True, "missing": lambda _: None}
CASES = [
    *((name, "wrong type") for name in KEYS),
    ("users", "missing"),
    ("members", "missing"),
    ("rates", "missing"),
]


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice and Bob in a channel, with a message, a reaction, a connection, and uses of limits."""
    stage.fill(write_people)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    registration._register.cache_clear()
    stage.add_general()
    stage.add_user("alice")
    stage.add_user("bob")
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.add_channel(DIRECT, "alice", "bob")
    stage.add_message(1)
    stage.add_reaction(1, "👍", "bob")
    stage.connect("alice", "a1")
    stage.connect("bob", "b1")
    text_keys.of_author("textKeys", "alice", now_ms=NOW_MS)
    text_keys.cached_keys.clear()
    for limit in (RENAMES, TICKETS):
        stage.put("rates", userId="alice", limitName=limit.name, restedAt=NOW_MS, expiresAt=NOW_MS)


def damage(stage: Stage, name: str, change: Callable[[Any], Any]) -> None:
    """Change every attribute of a row that is no key of the table or of its index, which DynamoDB would refuse."""
    table = name.partition(" ")[0]
    keys = {*TABLES[table], *(INDEXES[table][1] if table in INDEXES else ())}
    row = stage.dynamodb.Table(table).get_item(Key=KEYS[name])["Item"]
    changed = {key: value if key in keys else change(value) for key, value in row.items()}
    stage.put(table, **{key: value for key, value in changed.items() if value is not None})


@pytest.mark.parametrize(("name", "how"), CASES)
def test_no_route_fails(people: Stage, call: Call, sockets: Sockets, name: str, how: str):
    """Whatever row of the caller is damaged, each answer is theirs or a refusal with a code."""
    damage(people, name, DAMAGE[how])
    calls = CALLS[name].split()
    for handler, frame in FRAMES if "frames" in calls else ():
        answer = call(handler, socket_event({"channelId": "c-1", **frame}))
        assert "INTERNAL" not in (answer.get("body") or ""), frame
    for method, path, body in REQUESTS:
        if not any(part in path for part in calls):
            continue
        answer = call(api.handler, rest_event(method, path, body=body))
        assert answer["statusCode"] < 500, (method, path)
    if "connect" in calls:
        assert call(connect.handler, socket_event(route="$connect", connection_id="a2")) == {"statusCode": 200}
        assert call(disconnect.handler, socket_event(route="$disconnect")) == {"statusCode": 200}
    if "status" not in calls:
        return
    status = [
        bus_event(UserConnected(user_id="alice", connection_id="a1", connected_at=AT)),
        bus_event(UserRenamed(user_id="alice", display_name="Queen", renamed_at=AT)),
    ]
    assert call(broadcast_status.handler, sqs_event(*status)) == {"batchItemFailures": []}


@pytest.mark.parametrize("how", DAMAGE)
def test_the_token_says_who_a_caller_with_a_damaged_row_is(people: Stage, call: Call, logs: Logs, how: str):
    """They use the chat under the name of their token, and their row is kept for the repair, and counted."""
    damage(people, "users", DAMAGE[how])
    before = people.rows("users")
    me = json.loads(call(api.handler, rest_event("GET", "/me"))["body"])
    assert (me["userId"], me["username"], me["displayName"]) == ("alice", "alice.name", "Alice")
    issued = json.loads(call(api.handler, rest_event("POST", "/tickets"))["body"])["ticket"]
    allowed = call(authorize.handler, connect_event(issued))
    assert allowed["context"]["displayName"] == "Alice"
    assert people.rows("users") == before
    assert logs.metric("UnreadableRows")
    assert {line["row"] for line in logs.lines if line.get("message") == "unreadable row"} == {"UserRow"}


def test_a_lost_row_of_the_caller_is_written_again(people: Stage, call: Call):
    """Also by a process that has seen it."""
    assert call(api.handler, rest_event("GET", "/me"))["statusCode"] == 200
    people.dynamodb.Table("users").delete_item(Key={"userId": "alice"})
    assert call(api.handler, rest_event("GET", "/me"))["statusCode"] == 200
    assert "alice" in {row["userId"] for row in people.rows("users")}


def test_a_damaged_name_is_not_posted(people: Stage, call: Call, sockets: Sockets):
    """Bob's screen keeps the name that it shows."""
    damage(people, "users", DAMAGE["wrong type"])
    renamed = bus_event(UserRenamed(user_id="alice", display_name="Queen", renamed_at=AT))
    assert call(broadcast_status.handler, sqs_event(renamed)) == {"batchItemFailures": []}
    assert sockets.received == {}
    assert users.get("users", "bob", now_ms=NOW_MS) == users.get_many("users", ["bob"], now_ms=NOW_MS)["bob"]


def test_a_damaged_connection_ends_with_its_session_and_its_membership(
    people: Stage, call: Call, sockets: Sockets
):
    """Its socket is closed, and it gets no frame of a channel that its user left."""
    damage(people, "connections", DAMAGE["wrong type"])
    assert call(api.handler, rest_event("DELETE", "/channels/c-1/members/me"))["statusCode"] == 204
    assert ("c-1", "a1") not in people.subscriptions()
    assert call(api.handler, rest_event("POST", "/sign-out"))["statusCode"] == 204
    assert sockets.closed == ["a1"]
    assert [row["connectionId"] for row in people.rows("connections")] == ["b1"]


@pytest.mark.parametrize("ended_at", [None, "never", ["garbage"]], ids=str)
def test_a_damaged_row_lets_no_disabled_user_in(people: Stage, call: Call, ended_at: Any):
    """The row by which an operator ended the user's sessions counts, whatever is in it."""
    ticket, _ = tickets.issue(
        "tickets",
        tickets.TicketHolder(
            user_id="alice",
            display_name="Alice",
            session_id="s-1",
            session_expires_at_ms=NOW_MS + 60_000,
            signed_in_at=NOW_MS // 1000,
            origin=None,
        ),
        now_ms=NOW_MS,
    )
    row = {"ticketHash": ENDED_USER_PREFIX + "alice", "endedAt": ended_at}
    people.put("tickets", **{name: value for name, value in row.items() if value is not None})
    assert call(api.handler, rest_event("GET", "/me"))["statusCode"] == 401
    assert call(connect.handler, socket_event(route="$connect"))["statusCode"] == 403
    statement = call(authorize.handler, connect_event(ticket))["policyDocument"]["Statement"][0]
    assert statement["Effect"] == "Deny"


def test_a_new_user_is_served_while_the_channel_of_all_is_damaged(people: Stage, call: Call):
    """They join it with the first call after the repair."""
    damage(people, "channels of all", DAMAGE["wrong type"])
    me = json.loads(call(api.handler, rest_event("GET", "/me", user_id="carol"))["body"])
    assert me["userId"] == "carol"
    assert "carol" not in {row["userId"] for row in people.rows("users")}
    people.put(
        "channels", **general(timestamp(NOW_MS)).model_dump(by_alias=True, mode="json", exclude={"member_ids"})
    )
    assert call(api.handler, rest_event("GET", "/me", user_id="carol"))["statusCode"] == 200
    assert ("carol", "general") in {(row["userId"], row["channelId"]) for row in people.rows("members")}
