"""The end of sessions: by signing out, immediately; by expiring, at the next frame."""

from typing import Any

import pytest

from functions.aws import tickets
from functions.handlers import api, authorize, connect, default, send_message
from functions.logic import sign_out
from tests.unit.builders import (
    CHANNEL,
    CLIENT_MESSAGE_ID,
    HOUR_MS,
    NOW_MS,
    SIGNED_IN_AT,
    connect_event,
    holder,
    rest_event,
    socket_event,
)
from tests.unit.functions.handlers.conftest import Call, Sockets
from tests.unit.stage import Stage

SIGN_OUT = rest_event("POST", "/sign-out")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for handshakes."""
    monkeypatch.setattr(sign_out, "PAUSE_SECONDS", 0)


def test_signing_out_closes_the_sockets_of_the_session_only(call: Call, stage: Stage, sockets: Sockets):
    """Not those of the user's other sessions or of other users."""
    stage.add_channel(CHANNEL, "alice", "bob")
    for user_id, connection_id, session_id in (
        ("alice", "tab-1", "s-1"),
        ("alice", "tab-2", "s-1"),
        ("alice", "phone", "s-2"),
        ("bob", "bobs", "s-3"),
    ):
        stage.connect(user_id, connection_id, session_id=session_id)
    assert call(api.handler, SIGN_OUT)["statusCode"] == 204
    assert sorted(sockets.closed) == ["tab-1", "tab-2"]
    assert {row["connectionId"] for row in stage.rows("connections")} == {"phone", "bobs"}
    assert stage.subscriptions() == {("c-1", "phone"), ("c-1", "bobs")}
    assert stage.published_types() == ["UserDisconnected"] * 2


def test_a_session_that_signed_out_gets_no_answer_and_no_ticket(call: Call, stage: Stage):
    """Its token may be valid for most of an hour, but its calls are refused."""
    stage.add_general()
    request = rest_event("POST", "/tickets")
    assert call(api.handler, request)["statusCode"] == 201
    call(api.handler, SIGN_OUT)
    for late in (request, rest_event("GET", "/me"), rest_event("GET", "/channels")):
        refused = call(api.handler, late)
        assert (refused["statusCode"], "SESSION_EXPIRED" in refused["body"]) == (401, True)


def test_a_connection_that_opens_while_its_session_ends_is_refused(call: Call, stage: Stage):
    """It has its ticket already; it is registered, reads the mark, and is deleted."""
    stage.add_channel(CHANNEL, "alice")
    tickets.end_session("tickets", "s-1", now_ms=NOW_MS)
    assert call(connect.handler, socket_event(route="$connect"))["statusCode"] == 403
    assert stage.rows("connections") == []
    assert stage.subscriptions() == set()
    assert stage.published() == []


@pytest.mark.parametrize(
    ("ended_at", "is_refused"), [(SIGNED_IN_AT - 1, False), (SIGNED_IN_AT, True), (SIGNED_IN_AT + 10, True)]
)
def test_an_operator_ends_all_sessions_that_began_before(
    call: Call, stage: Stage, ended_at: int, is_refused: bool
):
    """Calls, tickets, and sockets with a ticket from before are refused; a session that began later is not."""
    stage.add_general()
    stage.put("tickets", ticketHash="user#alice", endedAt=ended_at, expiresAt=NOW_MS // 1000 + 7200)
    stage.put("tickets", ticketHash="user#bob", endedAt=NOW_MS, expiresAt=NOW_MS // 1000 + 7200)
    ticket, _ = tickets.issue("tickets", holder(), now_ms=NOW_MS)
    statuses = [
        call(api.handler, rest_event(method, path))["statusCode"]
        for method, path in (("GET", "/me"), ("GET", "/users"), ("POST", "/tickets"))
    ]
    assert statuses == ([401] * 3 if is_refused else [200, 200, 201])
    allowed = call(authorize.handler, connect_event(ticket))["policyDocument"]["Statement"][0]["Effect"]
    assert allowed == ("Deny" if is_refused else "Allow")
    assert call(connect.handler, socket_event(route="$connect"))["statusCode"] == (403 if is_refused else 200)
    assert len(stage.rows("connections")) == (0 if is_refused else 1)


def test_a_session_of_unknown_age_has_ended_too(call: Call, stage: Stage):
    """A token or a ticket without the time of the sign-in."""
    stage.add_general()
    stage.put("tickets", ticketHash="user#alice", endedAt=1, expiresAt=NOW_MS // 1000 + 7200)
    request = rest_event("GET", "/me")
    del request["requestContext"]["authorizer"]["claims"]["auth_time"]
    assert call(api.handler, request)["statusCode"] == 401
    connecting = socket_event(route="$connect")
    del connecting["requestContext"]["authorizer"]["signedInAt"]
    assert call(connect.handler, connecting)["statusCode"] == 403


def test_a_connection_is_closed_once_its_handshake_has_ended(call: Call, stage: Stage, sockets: Sockets):
    """Until then, closing is answered 410. An old connection that is answered 410 is gone."""
    stage.connect("alice", "opening", opened_at_ms=NOW_MS - 100)
    stage.connect("alice", "gone")
    sockets.closings = {"opening": [410, 410], "gone": [410]}
    assert call(api.handler, SIGN_OUT)["statusCode"] == 204
    assert sockets.closed == ["opening"]
    assert stage.rows("connections") == []


def test_signing_out_fails_if_a_socket_cannot_be_closed(call: Call, stage: Stage, sockets: Sockets):
    """Trying again closes it."""
    stage.connect("alice", "a1")
    sockets.closings = {"a1": [403]}
    assert call(api.handler, SIGN_OUT)["statusCode"] == 500
    assert call(api.handler, SIGN_OUT)["statusCode"] == 204
    assert sockets.closed == ["a1"]


FRAMES: list[tuple[Any, dict[str, Any]]] = [
    (default.handler, {"action": "ping"}),
    (
        send_message.handler,
        {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "c-1", "text": "late"},
    ),
]


@pytest.mark.parametrize(("handler", "frame"), FRAMES, ids=["ping", "sendMessage"])
def test_the_socket_of_an_expired_session_is_closed(
    call: Call, stage: Stage, sockets: Sockets, handler: Any, frame: dict[str, Any]
):
    """At its next frame: nothing is published, the error is posted, and the socket is closed."""
    stage.add_channel(CHANNEL, "alice")
    late = socket_event(frame, session_expires_at_ms=NOW_MS)
    assert call(handler, late) == {"statusCode": 200}
    assert [frame["code"] for frame in sockets.received["a1"]] == ["SESSION_EXPIRED"]
    assert sockets.closed == ["a1"]
    assert stage.published() == []


def test_if_the_socket_cannot_be_closed_the_answer_is_the_error(call: Call, stage: Stage, sockets: Sockets):
    """The frame is refused too."""
    sockets.closings = {"a1": [403]}
    answer = call(default.handler, socket_event({"action": "ping"}, session_expires_at_ms=NOW_MS - HOUR_MS))
    assert "SESSION_EXPIRED" in answer["body"]
