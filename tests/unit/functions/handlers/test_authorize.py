"""The authorizer of `$connect`: a valid ticket opens one socket."""

from typing import Any

import pytest

from functions.aws import tickets
from functions.handlers import authorize
from tests.unit.builders import HOUR_MS, NOW_MS, SIGNED_IN_AT, connect_event, holder
from tests.unit.conftest import Clock
from tests.unit.functions.handlers.conftest import Call, Logs

pytestmark = pytest.mark.usefixtures("stage")
HOLDER = holder()


def effect(answer: dict[str, Any]) -> str:
    [statement] = answer["policyDocument"]["Statement"]
    assert statement["Resource"]
    assert all(":socketapi/socket/" in arn for arn in statement["Resource"])
    return str(statement["Effect"])


def issued(holder: tickets.TicketHolder = HOLDER) -> str:
    return tickets.issue("tickets", holder, now_ms=NOW_MS)[0]


def test_a_valid_ticket_opens_the_socket_of_its_holder(call: Call):
    """The context is the identity of all later frames. API Gateway accepts only strings in it."""
    answer = call(authorize.handler, connect_event(issued()))
    assert effect(answer) == "Allow"
    assert answer["principalId"] == "alice"
    assert answer["context"] == {
        "userId": "alice",
        "displayName": "Alice",
        "sessionId": "s-1",
        "sessionExpiresAt": str(NOW_MS + HOUR_MS),
        "signedInAt": str(SIGNED_IN_AT),
    }


def test_a_ticket_opens_one_socket(call: Call):
    """A ticket read from a log or a history does not work any more."""
    ticket = issued()
    assert [effect(call(authorize.handler, connect_event(ticket))) for _ in range(2)] == ["Allow", "Deny"]


@pytest.mark.parametrize("ticket", [None, "", "guess", "x" * 5000])
def test_without_a_valid_ticket_there_is_no_socket(call: Call, ticket: str | None):
    """The answer is Deny, without a context."""
    answer = call(authorize.handler, connect_event(ticket))
    assert effect(answer) == "Deny"
    assert not answer.get("context")


def test_a_ticket_expires(call: Call, server_time: Clock):
    """After 30 seconds."""
    ticket = issued()
    server_time.advance(30_000)
    assert effect(call(authorize.handler, connect_event(ticket))) == "Deny"


def test_a_ticket_of_an_ended_session_is_refused(call: Call):
    """The session may end after the ticket was issued."""
    expired = holder(session_expires_at_ms=NOW_MS)
    assert effect(call(authorize.handler, connect_event(issued(expired)))) == "Deny"
    ticket, others = issued(), issued(holder(session_id="s-2"))
    tickets.end_session("tickets", "s-1", now_ms=NOW_MS)
    assert effect(call(authorize.handler, connect_event(ticket))) == "Deny"
    assert effect(call(authorize.handler, connect_event(others))) == "Allow"


OURS, EVIL = "https://chat.example", "https://evil.example"


@pytest.mark.parametrize(
    ("asked", "opens", "allowed"),
    [
        (OURS, OURS, True),
        (None, None, True),
        (OURS, EVIL, False),
        (OURS, f"{OURS}.evil.example", False),
        (OURS, "null", False),
        (OURS, None, False),
        (None, EVIL, False),
    ],
)
def test_a_ticket_works_only_for_the_origin_that_requested_it(
    call: Call, asked: str | None, opens: str | None, allowed: bool
):
    """A leaked ticket does not work on another site. Header names are case-insensitive."""
    event = connect_event(issued(holder(origin=asked)))
    if opens is not None:
        event["headers"]["oRiGiN"] = opens
    assert effect(call(authorize.handler, event)) == ("Allow" if allowed else "Deny")


def test_a_ticket_is_never_logged(call: Call, logs: Logs):
    """Not even a refused one; the reason of the refusal is logged."""
    ticket = issued()
    for _ in range(2):
        call(authorize.handler, connect_event(ticket))
    assert ticket not in logs.text
    assert [line["message"] for line in logs.lines] == ["allowed", "denied"]
    assert logs.lines[1]["reason"] == "the ticket is unknown, used, or expired"
