"""The routes that change a message, `startTyping`, and `$default`."""

import json
from typing import Any

import pytest

from functions.aws import rates
from functions.chat.rate import reactions_to
from functions.contract.model import timestamp
from functions.handlers import change_message, default, start_typing
from tests.unit.builders import AT, CHANNEL, NOW_MS, SECRET, socket_event
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Sockets
from tests.unit.stage import Stage

POSITION = {"channelId": "c-1", "seq": 7}
EDIT = {"action": "editMessage", **POSITION, "text": SECRET}
DELETE = {"action": "deleteMessage", **POSITION}
ADD = {"action": "addReaction", **POSITION, "emoji": "👍"}
REMOVE = {"action": "removeReaction", **POSITION, "emoji": "👍"}
TYPING = {"action": "startTyping", "channelId": "c-1"}
EVENT = {"messageId": "m-7", **POSITION}


def write_channel(stage: Stage) -> None:
    """Write the rows of a channel and of one message in it."""
    stage.add_channel(CHANNEL, "alice", "bob", "carol", owner="carol")
    stage.add_message(7, sender_id="alice")


@pytest.fixture
def ask(call: Call, stage: Stage) -> Any:
    """Send a frame to a route and return the answer. Carol owns the channel, Alice wrote message 7."""
    stage.fill(write_channel)

    def send(route: Any, body: Any, user_id: str = "alice", **event: Any) -> dict[str, Any]:
        answer = call(route.handler, socket_event(body, user_id=user_id, **event))
        assert answer["statusCode"] == 200
        return dict(json.loads(answer["body"]))

    return send


@pytest.mark.parametrize(
    ("frame", "user_id", "detail_type", "data"),
    [
        (EDIT, "alice", "MessageEdited", EVENT | {"text": SECRET, "editedBy": "alice", "editedAt": AT}),
        (DELETE, "alice", "MessageDeleted", EVENT | {"deletedBy": "alice", "deletedAt": AT}),
        (DELETE, "carol", "MessageDeleted", EVENT | {"deletedBy": "carol", "deletedAt": AT}),
        (ADD, "bob", "ReactionAdded", EVENT | {"emoji": "👍", "userId": "bob", "reactedAt": AT}),
        (REMOVE, "bob", "ReactionRemoved", EVENT | {"emoji": "👍", "userId": "bob", "reactedAt": AT}),
    ],
)
def test_a_change_is_published_and_acknowledged(
    ask: Any, stage: Stage, frame: dict[str, Any], user_id: str, detail_type: str, data: dict[str, Any]
):
    """With the server's user and time."""
    answer = ask(change_message, frame, user_id)
    assert answer == {"type": "ack", "action": frame["action"], "messageId": "m-7"}
    [event] = stage.published()
    published = event["detail"]["data"]
    if detail_type == "MessageEdited":
        assert SECRET not in json.dumps(event)
        published["text"] = stage.opened(published["text"], "m-7")
    assert (event["detail-type"], published) == (detail_type, data)


@pytest.mark.parametrize(
    ("frame", "user_id", "code"),
    [
        (EDIT, "bob", "FORBIDDEN"),
        (EDIT, "carol", "FORBIDDEN"),
        (DELETE, "bob", "FORBIDDEN"),
        (EDIT, "mallory", "NOT_A_MEMBER"),
        (DELETE, "mallory", "NOT_A_MEMBER"),
        (ADD, "mallory", "NOT_A_MEMBER"),
        (EDIT | {"seq": 8}, "alice", "NOT_FOUND"),
        (ADD | {"seq": 8}, "alice", "NOT_FOUND"),
        (ADD | {"emoji": "no"}, "alice", "INVALID_FRAME"),
        (ADD | {"userId": "alice"}, "bob", "INVALID_FRAME"),
        (EDIT | {"text": SECRET * 1000}, "alice", "TEXT_TOO_LONG"),
        (EDIT | {"seq": 10**300}, "alice", "INVALID_FRAME"),
        (EDIT | {"channelId": "c-2"}, "alice", "NOT_A_MEMBER"),
        ({"action": "sendMessage"}, "alice", "INVALID_FRAME"),
    ],
)
def test_a_forbidden_or_invalid_change_is_refused(
    ask: Any, stage: Stage, frame: dict[str, Any], user_id: str, code: str
):
    """With its code, and nothing is published."""
    answer = ask(change_message, frame, user_id)
    assert (answer["type"], answer["code"], answer["action"]) == ("error", code, frame["action"])
    if code != "INVALID_FRAME":
        assert (answer["channelId"], answer["seq"]) == (frame["channelId"], frame["seq"])
    assert stage.published() == []


def test_changes_count_against_the_rate_limit(ask: Any, monkeypatch: pytest.MonkeyPatch):
    """A flood of reactions is limited like a flood of messages."""
    monkeypatch.setenv("PARLEY_MESSAGE_BURST", "2")
    answers = [ask(change_message, ADD, "bob") for _ in range(3)]
    assert [answer["type"] for answer in answers] == ["ack", "ack", "error"]
    assert answers[-1]["retryAfterMs"] == 500


def test_the_reactions_of_a_user_to_a_message_are_limited(ask: Any, stage: Stage, server_time: Clock):
    """Each emoji is a row that all readers of the message read, also when it is removed again."""
    limit = reactions_to("m-7")
    rates.exhaust("rates", "bob", limit, for_ms=-1, now_ms=NOW_MS)
    assert ask(change_message, ADD, "bob")["type"] == "ack"
    for frame in (ADD, REMOVE):
        refusal = ask(change_message, frame, "bob")
        assert (refusal["code"], limit.interval_ms) == ("FORBIDDEN", 3_600_000)
        assert "in an hour" in refusal["message"]
    assert ask(change_message, ADD, "carol")["type"] == "ack"
    assert stage.published_types() == ["ReactionAdded"] * 2
    server_time.advance(limit.interval_ms)
    later = {"session_expires_at_ms": NOW_MS + 2 * limit.interval_ms}
    assert ask(change_message, REMOVE, "bob", **later)["type"] == "ack"


def test_typing_is_published_for_six_seconds(ask: Any, stage: Stage):
    """Nothing is stored."""
    assert ask(start_typing, TYPING) == {"type": "ack", "action": "startTyping"}
    [event] = stage.published()
    assert event["detail-type"] == "TypingStarted"
    assert event["detail"]["data"] == {"channelId": "c-1", "userId": "alice", "until": timestamp(NOW_MS + 6000)}


def test_typing_has_a_separate_rate_limit(ask: Any, stage: Stage):
    """It does not use up the rate of messages."""
    answers = [ask(start_typing, TYPING) for _ in range(6)]
    assert [answer["type"] for answer in answers] == ["ack"] * 5 + ["error"]
    assert answers[-1]["code"] == "RATE_LIMITED"
    assert answers[-1]["retryAfterMs"] == 1000
    rows = stage.rows("members")
    assert rows
    assert all("restedAt" not in row for row in rows)


@pytest.mark.parametrize(
    ("frame", "user_id", "code"),
    [
        (TYPING, "mallory", "NOT_A_MEMBER"),
        (TYPING | {"channelId": "c-2"}, "alice", "NOT_A_MEMBER"),
        (TYPING | {"userId": "bob"}, "alice", "INVALID_FRAME"),
    ],
)
def test_only_members_type(ask: Any, stage: Stage, frame: dict[str, Any], user_id: str, code: str):
    """And only as themselves."""
    assert ask(start_typing, frame, user_id)["code"] == code
    assert stage.published() == []


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"action": "ping"}, {"type": "pong"}),
        ({"action": "shout"}, {"code": "UNKNOWN_ACTION", "action": "shout"}),
        ("hello", {"code": "INVALID_FRAME"}),
        ("", {"code": "INVALID_FRAME"}),
        ({"action": "ping", "more": 1}, {"code": "INVALID_FRAME", "action": "ping"}),
        ({"action": "sendMessage"}, {"code": "INVALID_FRAME", "action": "sendMessage"}),
    ],
)
def test_an_unroutable_frame_is_answered_with_its_error(ask: Any, body: Any, answer: dict[str, Any]):
    """The socket stays open."""
    frame = ask(default, body)
    assert frame == answer or frame == {"type": "error", "message": frame["message"], **answer}


@pytest.mark.parametrize(
    ("route", "frame"), [(change_message, EDIT), (start_typing, TYPING), (default, {"action": "ping"})]
)
def test_an_ended_session_is_refused_on_every_route(
    ask: Any, server_time: Clock, sockets: Sockets, route: Any, frame: dict[str, Any]
):
    """Not only where messages are sent."""
    sockets.closings = {"a1": [403]}
    server_time.advance(3_600_000)
    assert ask(route, frame)["code"] == "SESSION_EXPIRED"


@pytest.mark.parametrize(("route", "frame"), [(change_message, EDIT), (start_typing, TYPING)])
def test_an_exception_keeps_the_socket_open_on_every_route(
    ask: Any, monkeypatch: pytest.MonkeyPatch, route: Any, frame: dict[str, Any]
):
    """The answer is INTERNAL with a correlation id."""
    monkeypatch.setenv("PARLEY_MEMBERS_TABLE", "no-such-table")
    answer = ask(route, frame)
    assert (answer["code"], answer["correlationId"]) == ("INTERNAL", "request-1")
