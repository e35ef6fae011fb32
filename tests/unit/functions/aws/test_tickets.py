"""A ticket opens one socket, once, until it expires."""

import json

from functions.aws import tickets
from tests.unit.builders import HOUR_MS, NOW_MS, holder
from tests.unit.stage import Stage

HOLDER = holder()


def test_a_ticket_is_good_once(stage: Stage):
    """It gives back who it was issued to, and then never again."""
    ticket, expires_at_ms = tickets.issue("tickets", HOLDER, now_ms=NOW_MS)
    assert expires_at_ms == (NOW_MS // 1000 + 30) * 1000
    assert tickets.consume("tickets", ticket, now_ms=NOW_MS + 1000) == HOLDER
    assert tickets.consume("tickets", ticket, now_ms=NOW_MS + 1000) is None
    assert stage.rows("tickets") == []


def test_an_expired_ticket_is_none(stage: Stage):
    """Though its row lingers; the last millisecond before is still good."""
    for wait, is_good in ((-1, True), (0, False), (HOUR_MS, False)):
        ticket, expires_at_ms = tickets.issue("tickets", HOLDER, now_ms=NOW_MS)
        assert (tickets.consume("tickets", ticket, now_ms=expires_at_ms + wait) is not None) is is_good


def test_an_unknown_ticket_is_none(stage: Stage):
    """Whatever is sent in its place."""
    for ticket in ("", "x", "ü" * 5000):
        assert tickets.consume("tickets", ticket, now_ms=NOW_MS) is None


def test_the_table_holds_no_ticket(stage: Stage):
    """Who reads the table cannot open a socket: only hashes are stored. DynamoDB drops them by itself."""
    issued = [tickets.issue("tickets", HOLDER, now_ms=NOW_MS)[0] for _ in range(3)]
    rows = json.dumps(stage.rows("tickets"), default=str)
    assert len(set(issued)) == 3
    assert not any(ticket in rows for ticket in issued)
    assert {int(row["expiresAt"]) for row in stage.rows("tickets")} == {NOW_MS // 1000 + 30}
