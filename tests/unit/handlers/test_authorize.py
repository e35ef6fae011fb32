"""`$connect`'s authorizer: a good ticket opens one socket, anything else none."""

from typing import Any

import pytest

from functions.aws import tickets
from functions.handlers import authorize
from tests.unit.builders import HOUR_MS, NOW_MS, connect_event
from tests.unit.conftest import Clock
from tests.unit.handlers.conftest import Call, Logs
from tests.unit.stage import Stage

pytestmark = pytest.mark.usefixtures("stage")
HOLDER = tickets.TicketHolder(user_id="alice", display_name="Alice", session_expires_at_ms=NOW_MS + HOUR_MS)


def effect(answer: dict[str, Any]) -> str:
    [statement] = answer["policyDocument"]["Statement"]
    assert all(":socketapi/socket/" in arn for arn in statement["Resource"])
    return str(statement["Effect"])


def issued(holder: tickets.TicketHolder = HOLDER) -> str:
    return tickets.issue("tickets", holder, now_ms=NOW_MS)[0]


def test_a_good_ticket_opens_the_socket_as_its_holder(call: Call):
    """The context is what every later frame is believed by; API Gateway takes strings in it."""
    answer = call(authorize.handler, connect_event(issued()))
    assert effect(answer) == "Allow"
    assert answer["principalId"] == "alice"
    assert answer["context"] == {
        "userId": "alice",
        "displayName": "Alice",
        "sessionExpiresAt": str(NOW_MS + HOUR_MS),
    }


def test_a_ticket_opens_one_socket(call: Call):
    """Whoever reads it from a log or a history comes too late."""
    ticket = issued()
    assert [effect(call(authorize.handler, connect_event(ticket))) for _ in range(2)] == ["Allow", "Deny"]


@pytest.mark.parametrize("ticket", [None, "", "guess", "x" * 5000])
def test_without_a_ticket_there_is_no_socket(call: Call, ticket: str | None):
    """Denied, with nothing in the context."""
    answer = call(authorize.handler, connect_event(ticket))
    assert effect(answer) == "Deny"
    assert not answer.get("context")


def test_a_ticket_expires(call: Call, server_time: Clock):
    """After half a minute."""
    ticket = issued()
    server_time.advance(30_000)
    assert effect(call(authorize.handler, connect_event(ticket))) == "Deny"


def test_a_ticket_of_an_ended_session_is_none(call: Call):
    """The session may end between the ticket and the socket."""
    ended = tickets.TicketHolder(user_id="alice", display_name="Alice", session_expires_at_ms=NOW_MS)
    assert effect(call(authorize.handler, connect_event(issued(ended)))) == "Deny"


def test_a_foreign_page_opens_no_socket_and_spends_no_ticket(
    call: Call, monkeypatch: pytest.MonkeyPatch, stage: Stage
):
    """Only our own pages; header names in any case; and the rightful owner's ticket stays good."""
    monkeypatch.setenv("PARLEY_ALLOWED_ORIGINS", "https://chat.example,http://localhost:4280")
    ticket = issued()
    assert effect(call(authorize.handler, connect_event(ticket, origin="https://evil.example"))) == "Deny"
    assert len(stage.rows("tickets")) == 1
    event = connect_event(ticket)
    event["headers"]["oRiGiN"] = "https://evil.example"
    assert effect(call(authorize.handler, event)) == "Deny"
    assert effect(call(authorize.handler, connect_event(ticket, origin="http://localhost:4280"))) == "Allow"


def test_a_ticket_is_never_logged(call: Call, logs: Logs):
    """Not even one that was refused; the reason is."""
    ticket = issued()
    for _ in range(2):
        call(authorize.handler, connect_event(ticket))
    assert ticket not in logs.text
    assert [line["message"] for line in logs.lines] == ["allowed", "denied"]
    assert logs.lines[1]["reason"] == "the ticket is unknown, used, or expired"
