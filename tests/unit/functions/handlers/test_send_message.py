"""Route `sendMessage`: an ack when the event is on the bus, otherwise an error."""

import json
from typing import Any

import pytest

from functions.chat.messages import message_id
from functions.contract.text import is_sealed
from functions.handlers import send_message
from tests.unit.builders import AT, CHANNEL, CLIENT_MESSAGE_ID, NOW_MS, SECRET, LambdaContext, socket_event
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import Stage

FRAME = {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "c-1", "text": SECRET}
ECHO = {"type": "error", "action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "c-1"}


def write_channel(stage: Stage) -> None:
    """Write the rows of a channel with one member."""
    stage.add_channel(CHANNEL, "alice")


@pytest.fixture
def send(call: Call, stage: Stage) -> Any:
    """Send a frame with changes and return the answer."""
    stage.fill(write_channel)

    def send_frame(changes: Any = None, **event: Any) -> dict[str, Any]:
        body = FRAME | changes if isinstance(changes, dict) else FRAME if changes is None else changes
        answer = call(send_message.handler, socket_event(body, **event))
        assert answer["statusCode"] == 200, "a refusal must not close the socket"
        return dict(json.loads(answer["body"]))

    return send_frame


def test_an_ack_means_that_the_event_is_on_the_bus(send: Any, stage: Stage, logs: Logs):
    """With the server's sender and time, and the derived id."""
    identity = message_id("alice", CLIENT_MESSAGE_ID)
    assert send() == {
        "type": "ack",
        "action": "sendMessage",
        "clientMessageId": CLIENT_MESSAGE_ID,
        "messageId": identity,
    }
    [event] = stage.published()
    assert event["detail-type"] == "MessageSent"
    data = event["detail"]["data"]
    assert {**data, "text": stage.opened(data["text"], identity)} == {
        "messageId": identity,
        "clientMessageId": CLIENT_MESSAGE_ID,
        "channelId": "c-1",
        "sender": {"userId": "alice", "displayName": "Alice"},
        "text": SECRET,
        "sentAt": AT,
    }
    assert logs.metric("MessagesSent") == [1]


def test_the_event_names_the_users_whom_the_text_mentions(send: Any, stage: Stage):
    """By their usernames, as the browser emphasises them: code and quotes mention no user."""
    send({"text": "> @dave said\n\n*@Bob* and @carol, see `@erin`"})
    [event] = stage.published()
    assert event["detail"]["data"]["mentions"] == ["bob", "carol"]


def test_sending_again_returns_the_same_ack(send: Any, stage: Stage, server_time: Clock):
    """Also later, and with another spelling of the id: it is the same message."""
    first = send()
    server_time.advance(60_000)
    assert send({"clientMessageId": CLIENT_MESSAGE_ID.upper()}) == first
    original, again = [event["detail"]["data"] for event in stage.published()]
    assert again["messageId"] == original["messageId"]
    assert again["text"] == original["text"], "a duplicate differs from the stored row"


def test_the_text_is_sealed_on_the_bus(send: Any, stage: Stage):
    """So that what copies events, such as the archive, has no text that outlives its author's key."""
    send()
    [event] = stage.published()
    assert SECRET not in json.dumps(event)
    assert is_sealed(event["detail"]["data"]["text"])


def test_an_erased_user_cannot_send(call: Call, stage: Stage, sockets: Sockets):
    """And gets no new key."""
    stage.add_channel(CHANNEL, "alice")
    stage.erase_key("alice")
    call(send_message.handler, socket_event(FRAME))
    assert [frame["code"] for frame in sockets.received["a1"]] == ["SESSION_EXPIRED"]
    assert not stage.published()
    assert stage.rows("textKeys") == [{"userId": "alice", "erasedAt": AT}]


def test_another_users_same_id_is_another_message(send: Any, stage: Stage):
    """A user cannot take the place of another user's message by guessing its client id."""
    stage.add_member("bob", "c-1")
    assert send()["messageId"] != send(user_id="bob", connection_id="b1")["messageId"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"channelId": "c-2"}, "NOT_A_MEMBER"),
        ({"channelId": "nowhere"}, "NOT_A_MEMBER"),
        ({"text": SECRET * 1000}, "TEXT_TOO_LONG"),
        ({"text": ""}, "INVALID_FRAME"),
        ({"sender": {"userId": "bob"}}, "INVALID_FRAME"),
        ({"userId": "bob"}, "INVALID_FRAME"),
        ({"sentAt": AT}, "INVALID_FRAME"),
    ],
)
def test_an_error_identifies_its_frame(send: Any, stage: Stage, changes: dict[str, Any], code: str):
    """With the code, a message and the client's id. Nothing is published."""
    stage.add_channel(CHANNEL.model_copy(update={"channel_id": "c-2", "name": "milk"}), "bob")
    answer = send(changes)
    assert SECRET not in answer.pop("message")
    named = {"channelId": changes["channelId"]} if isinstance(changes.get("channelId"), str) else {}
    assert answer == ECHO | named | {"code": code}
    assert stage.published() == []


@pytest.mark.parametrize("body", [None, "", "{", "[]", "null", '{"action": "\\ud800"}', "[" * 100_000])
def test_an_unparseable_frame_is_refused_without_an_id(send: Any, body: Any):
    """There is nothing to identify it by."""
    event = socket_event(body)
    answer = json.loads(send_message.handler(event, LambdaContext())["body"])
    assert answer["code"] in {"INVALID_FRAME", "UNKNOWN_ACTION"}
    assert "clientMessageId" not in answer


@pytest.mark.parametrize("value", [SECRET + "\n", "\ud800", ["a"], 7, {"a": 1}])
def test_repeated_fields_are_short_printable_text(send: Any, value: Any):
    """Whatever is sent as an id, the answer can be encoded and is short."""
    answer = send({"clientMessageId": value})
    assert answer["code"] == "INVALID_FRAME"
    assert "clientMessageId" not in answer
    assert len(send({"clientMessageId": "x" * 100_000})["clientMessageId"]) == 64


def test_a_former_member_is_refused_at_the_next_frame(send: Any, stage: Stage):
    """The socket is still open; membership is checked for every frame."""
    assert send()["type"] == "ack"
    stage.dynamodb.Table("members").delete_item(Key={"userId": "alice", "channelId": "c-1"})
    assert send()["code"] == "NOT_A_MEMBER"


def test_an_ended_session_is_refused_at_the_next_frame(
    send: Any, stage: Stage, server_time: Clock, sockets: Sockets
):
    """Even though the socket was opened before. If the socket cannot be closed, the answer is returned."""
    sockets.closings = {"a1": [403]}
    assert send(session_expires_at_ms=NOW_MS + 1)["type"] == "ack"
    server_time.advance(1)
    answer = send(session_expires_at_ms=NOW_MS + 1)
    assert answer == ECHO | {"code": "SESSION_EXPIRED", "message": "Your session has ended. Sign in again."}
    assert len(stage.published()) == 1


def test_a_flood_is_refused_with_the_time_to_wait(
    send: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch, server_time: Clock
):
    """After the burst: RATE_LIMITED with the exact wait, after which the next message is accepted."""
    monkeypatch.setenv("PARLEY_MESSAGE_BURST", "3")
    monkeypatch.setenv("PARLEY_MESSAGES_PER_SECOND", "4")
    answers = [send() for _ in range(4)]
    assert [answer["type"] for answer in answers] == ["ack", "ack", "ack", "error"]
    assert answers[-1] == ECHO | {
        "code": "RATE_LIMITED",
        "message": "You are sending too fast. Wait a moment, then try again.",
        "retryAfterMs": 250,
    }
    server_time.advance(250)
    assert send()["type"] == "ack"
    assert len(stage.published()) == 4


def test_an_exception_is_answered_with_a_correlation_id(send: Any, logs: Logs, monkeypatch: pytest.MonkeyPatch):
    """The client gets only the id, by which the log line with the exception is found."""
    monkeypatch.setenv("PARLEY_MEMBERS_TABLE", "no-such-table")
    assert send() == ECHO | {
        "code": "INTERNAL",
        "message": "Something went wrong on our side. Please try again.",
        "correlationId": "request-1",
    }
    [failed] = [line for line in logs.lines if line["message"] == "failed"]
    assert failed["correlationId"] == "request-1"
    assert failed["exception_name"] == "ResourceNotFoundException"


def test_an_answered_exception_is_counted_for_the_function_and_its_version(
    send: Any, logs: Logs, monkeypatch: pytest.MonkeyPatch
):
    """Lambda counts only exceptions that a handler raises, so the alarm of the function adds these."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "send-message")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "7")
    monkeypatch.setenv("PARLEY_MEMBERS_TABLE", "no-such-table")
    send()
    assert logs.metric("UnexpectedErrors") == [1]
    [line] = [line for line in logs.lines if "UnexpectedErrors" in line]
    [directive] = line["_aws"]["CloudWatchMetrics"]
    dimensions = [{name: line[name] for name in names} for names in directive["Dimensions"]]
    function = {"FunctionName": "send-message"}
    assert dimensions[1:] == [function, function | {"ExecutedVersion": "7"}]
    assert set(dimensions[0]) == {"service"}


def test_without_publishing_there_is_no_ack(send: Any, monkeypatch: pytest.MonkeyPatch):
    """An error and a retry are better than an acknowledged message that is lost."""

    class RefusingBus:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}

    monkeypatch.setattr("functions.aws.bus.event_bridge", RefusingBus)
    assert send()["code"] == "INTERNAL"


def test_logs_contain_ids_and_outcomes(send: Any, logs: Logs):
    """The fixture `logs` checks that they contain no text."""
    send()
    send({"text": SECRET * 1000})
    taken, refused = [line for line in logs.lines if "message" in line]
    assert (taken["message"], taken["userId"], taken["connectionId"]) == ("taken", "alice", "a1")
    assert (refused["message"], refused["errorCode"]) == ("refused", "TEXT_TOO_LONG")
