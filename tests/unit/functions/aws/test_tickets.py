"""A ticket opens one socket, before it expires."""

import json

from functions.aws import tickets
from functions.contract.session import ENDED_SESSION_SECONDS
from tests.unit.builders import HOUR_MS, NOW_MS, SIGNED_IN_AT, holder
from tests.unit.stage import Stage

HOLDER = holder()


def test_a_ticket_works_once(stage: Stage):
    """Consuming it returns its holder and deletes it."""
    ticket, expires_at_ms = tickets.issue("tickets", HOLDER, now_ms=NOW_MS)
    assert expires_at_ms == (NOW_MS // 1000 + 30) * 1000
    assert tickets.consume("tickets", ticket, now_ms=NOW_MS + 1000) == HOLDER
    assert tickets.consume("tickets", ticket, now_ms=NOW_MS + 1000) is None
    assert stage.rows("tickets") == []


def test_an_expired_ticket_is_refused(stage: Stage):
    """Even if its row still exists. It works until the last millisecond."""
    for wait, is_good in ((-1, True), (0, False), (HOUR_MS, False)):
        ticket, expires_at_ms = tickets.issue("tickets", HOLDER, now_ms=NOW_MS)
        assert (tickets.consume("tickets", ticket, now_ms=expires_at_ms + wait) is not None) is is_good


def test_an_unknown_ticket_is_refused(stage: Stage):
    """Whatever the text is."""
    for ticket in ("", "x", "ü" * 5000):
        assert tickets.consume("tickets", ticket, now_ms=NOW_MS) is None


def test_the_table_contains_only_hashes_of_tickets(stage: Stage):
    """Reading the table is not enough to open a socket. Rows have an expiry for DynamoDB to delete them."""
    issued = [tickets.issue("tickets", HOLDER, now_ms=NOW_MS)[0] for _ in range(3)]
    rows = json.dumps(stage.rows("tickets"), default=str)
    assert len(set(issued)) == 3
    assert not any(ticket in rows for ticket in issued)
    assert {int(row["expiresAt"]) for row in stage.rows("tickets")} == {NOW_MS // 1000 + 30}


def test_the_end_of_a_session_is_kept_for_eight_days(stage: Stage):
    """DynamoDB may delete the row as soon as it expires, and the session's tokens would be accepted again."""
    tickets.end_session("tickets", "s-1", now_ms=NOW_MS)
    [row] = stage.rows("tickets")
    assert row == {"ticketHash": "session#s-1", "expiresAt": NOW_MS // 1000 + ENDED_SESSION_SECONDS}
    assert tickets.session_has_ended("tickets", user_id="alice", session_id="s-1", signed_in_at=SIGNED_IN_AT)
    assert not tickets.session_has_ended("tickets", user_id="alice", session_id="s-2", signed_in_at=SIGNED_IN_AT)
