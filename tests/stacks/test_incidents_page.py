"""docs/incidents.md has the incidents that tests/guarantees/test_incidents.py practises."""

import re

from tests.guarantees import alarms
from tests.guarantees.incidents import INCIDENTS, PAGE, page, table

PLACEHOLDERS = {"since", "channel", "message", "letter", "file", "row"}


def test_the_tables_of_the_page_are_the_matrix_of_the_tests():
    """`make docs` would not change the page, and it has both tables."""
    text = PAGE.read_text(encoding="utf-8")
    assert page() == text, "run `make docs`"
    assert table() in text
    assert alarms.table(INCIDENTS) in text


def test_every_incident_is_found_by_a_command():
    """And names what its commands are given; no fault is listed twice."""
    assert len({incident.fault for incident in INCIDENTS}) == len(INCIDENTS)
    for incident in INCIDENTS:
        assert incident.find
        assert incident.cause
        assert "restart" not in incident.cause
        for command in (*incident.find, *incident.repair):
            assert set(re.findall(r"\{(\w+)\}", command)) <= PLACEHOLDERS
