"""A user who sends too much that is refused loses their sockets for a while. Other users notice nothing."""

import json
from typing import Any

import pytest

from functions.aws import rates
from functions.chat.rate import (
    COOL_DOWN_MS,
    FRAMES_COUNTED_TOGETHER,
    MEMBERSHIP_CHANGES,
    NEW_CHANNELS,
    REFUSED_FRAMES,
    RENAMES,
    TICKETS,
    UserLimit,
    frames_of_user,
)
from functions.handlers import api, change_message, default, send_message, start_typing
from tests.unit.builders import CHANNEL, CLIENT_MESSAGE_ID, NOW_MS, rest_event, socket_event
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Logs, Sockets
from tests.unit.stage import Stage

TYPING = {"action": "startTyping", "channelId": "c-1"}
REFUSED: dict[str, tuple[Any, Any]] = {
    "not JSON": (default.handler, "{"),
    "an unknown action": (default.handler, {"action": "shout"}),
    "a ping by a detour": (default.handler, {"action": "ping"}),
    "an unknown field": (send_message.handler, {"action": "sendMessage", "userId": "bob"}),
    "not a member": (start_typing.handler, {"action": "startTyping", "channelId": "c-2"}),
    "no such message": (change_message.handler, {"action": "deleteMessage", "channelId": "c-1", "seq": 9}),
}


@pytest.fixture
def people(stage: Stage) -> Stage:
    """Alice and Bob, each with a connection."""
    stage.fill(write_people)
    return stage


def write_people(stage: Stage) -> None:
    """Write the rows of `people`."""
    stage.add_channel(CHANNEL, "alice", "bob")
    stage.connect("alice", "a1")
    stage.connect("bob", "b1")


def code_of(answer: dict[str, Any]) -> str:
    body = json.loads(answer["body"])
    return str(body.get("code", body["type"]))


@pytest.mark.parametrize("kind", REFUSED)
def test_a_socket_is_closed_after_too_many_refused_frames(
    call: Call, people: Stage, sockets: Sockets, logs: Logs, kind: str
):
    """Its last frame says when to come back. The last frame within the limit gets its own error."""
    handler, frame = REFUSED[kind]
    leave_one_refusal()
    assert code_of(call(handler, socket_event(frame))) != "TOO_MANY_REFUSALS"
    assert sockets.closed == []
    assert call(handler, socket_event(frame)) == {"statusCode": 200}
    [last] = sockets.received["a1"]
    assert (last["code"], last["retryAfterMs"]) == ("TOO_MANY_REFUSALS", COOL_DOWN_MS)
    assert "30 seconds" in last["message"]
    assert sockets.closed == ["a1"]
    assert logs.metric("FloodingConnections") == [1]
    assert people.published() == []


def leave_one_refusal() -> None:
    """Use up all but one frame of Alice's limit: a burst, as in the test of all kinds, takes half a second."""
    rates.exhaust("rates", "alice", REFUSED_FRAMES, for_ms=0, now_ms=NOW_MS)


def flood(call: Call) -> None:
    leave_one_refusal()
    for _ in range(2):
        call(default.handler, socket_event("{"))


def test_refusals_of_all_kinds_and_connections_of_a_user_are_counted_together(
    call: Call, people: Stage, sockets: Sockets
):
    """Until the limit, each frame gets its own error. While the user cools down, the next refused frame of any of
    their connections closes it.
    """
    for number in range(REFUSED_FRAMES.burst + 1):
        assert sockets.closed == []
        handler, frame = list(REFUSED.values())[number % len(REFUSED)]
        answer = call(handler, socket_event(frame, connection_id=f"a{number % 2}"))
        if number < REFUSED_FRAMES.burst:
            assert code_of(answer) != "TOO_MANY_REFUSALS"
    call(default.handler, socket_event("{", connection_id="a7"))
    assert sockets.closed == [f"a{REFUSED_FRAMES.burst % 2}", "a7"]


def test_other_users_are_not_affected(call: Call, people: Stage, sockets: Sockets):
    """Neither their sockets nor their tickets."""
    people.add_general()
    flood(call)
    assert code_of(call(default.handler, socket_event("{", user_id="bob", connection_id="b1"))) == "INVALID_FRAME"
    assert call(api.handler, rest_event("POST", "/tickets", user_id="bob"))["statusCode"] == 201
    assert sockets.closed == ["a1"]


def test_a_flooder_gets_no_ticket_until_the_cool_down_has_passed(
    call: Call, people: Stage, sockets: Sockets, server_time: Clock
):
    """Otherwise they would connect again at once. The answer says when."""
    people.add_general()
    request = rest_event("POST", "/tickets")
    assert call(api.handler, request)["statusCode"] == 201
    flood(call)
    refused = call(api.handler, request)
    assert refused["statusCode"] == 429
    assert json.loads(refused["body"])["code"] == "RATE_LIMITED"
    assert {**refused.get("headers", {}), **refused.get("multiValueHeaders", {})}["Retry-After"] in ("30", ["30"])
    server_time.advance(COOL_DOWN_MS)
    assert call(api.handler, request)["statusCode"] == 201


def message_to(channel_id: str) -> dict[str, Any]:
    frame = {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": channel_id, "text": "tea"}
    return socket_event(frame)


def test_most_accepted_frames_cost_no_count(call: Call, people: Stage, sockets: Sockets):
    """A write per frame would cost more than the frame."""
    for _ in range(FRAMES_COUNTED_TOGETHER // 2):
        assert code_of(call(send_message.handler, message_to("c-1"))) == "ack"
    assert code_of(call(start_typing.handler, socket_event(TYPING))) == "ack"
    assert people.rows("rates") == []


@pytest.mark.slow
def test_the_frames_of_a_user_are_limited_in_all_channels_together(
    call: Call, people: Stage, sockets: Sockets, server_time: Clock, monkeypatch: pytest.MonkeyPatch
):
    """The rate of a member bounds one channel only. Beyond the limit every frame is refused, until it is free."""
    monkeypatch.setenv("PARLEY_FRAMES_PER_USER", "2")
    limit = frames_of_user(2)
    channels = [f"own-{number}" for number in range(4)]
    for channel_id in channels:
        people.add_channel(
            CHANNEL.model_copy(update={"channel_id": channel_id, "name": channel_id}), "alice", "bob"
        )
    accepted = FRAMES_COUNTED_TOGETHER * (limit.burst + 1) - 1
    frames = [message_to(channels[number % 4]) for number in range(accepted + 4)]
    answers = [code_of(call(send_message.handler, frame)) for frame in frames]
    assert answers == ["ack"] * accepted + ["RATE_LIMITED"] * 4
    other = {**message_to("own-0")}
    other["requestContext"]["authorizer"]["userId"] = "bob"
    assert code_of(call(send_message.handler, other)) == "ack"
    server_time.advance(limit.interval_ms)
    assert code_of(call(send_message.handler, message_to("own-0"))) == "ack"


def test_frames_that_cannot_be_counted_are_accepted(
    call: Call, people: Stage, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
):
    """A fault of the table of limits must not stop the chat."""
    monkeypatch.setattr("functions.aws.rates.count", lambda *_, **__: 1 / 0)
    for _ in range(FRAMES_COUNTED_TOGETHER):
        assert code_of(call(send_message.handler, message_to("c-1"))) == "ack"


def test_a_refusal_that_cannot_be_counted_is_answered(
    call: Call, people: Stage, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
):
    """The client gets its error, and not an INTERNAL one."""
    monkeypatch.setattr("functions.aws.rates.count", lambda *_, **__: 1 / 0)
    assert code_of(call(default.handler, socket_event("{"))) == "INVALID_FRAME"


LIMITED: dict[str, tuple[dict[str, Any], UserLimit]] = {
    "tickets": (rest_event("POST", "/tickets"), TICKETS),
    "renames": (rest_event("PUT", "/me", body={"displayName": "Al"}), RENAMES),
    "new channels": (rest_event("POST", "/channels", body={"name": "x", "kind": "private"}), NEW_CHANNELS),
    "membership changes": (rest_event("PUT", "/channels/c-1/members/me"), MEMBERSHIP_CHANGES),
}


@pytest.mark.parametrize("kind", LIMITED)
def test_requests_that_write_are_limited_for_each_user(call: Call, people: Stage, kind: str):
    """The last of a burst is accepted, and the next request is refused, with the time to wait."""
    people.add_general()
    request, limit = LIMITED[kind]
    rates.exhaust("rates", "alice", limit, for_ms=0, now_ms=NOW_MS)
    assert call(api.handler, request)["statusCode"] < 300
    assert call(api.handler, request)["statusCode"] == 429
