"""docs/incidents.md has the incidents that tests/guarantees/test_incidents.py practises."""

import re
from pathlib import Path

from tests.guarantees import alarms
from tests.guarantees.incidents import INCIDENTS, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "incidents.md"
PLACEHOLDERS = {"since", "channel", "message", "letter", "file", "row"}


def test_the_tables_of_the_page_are_the_matrix_of_the_tests():
    """Write them again with `python -m tests.guarantees.incidents`."""
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page
    assert alarms.table(INCIDENTS) in page


def test_every_incident_is_found_by_a_command():
    """And names what its commands are given; no fault is listed twice."""
    assert len({incident.fault for incident in INCIDENTS}) == len(INCIDENTS)
    for incident in INCIDENTS:
        assert incident.find
        assert incident.cause
        assert "restart" not in incident.cause
        for command in (*incident.find, *incident.repair):
            assert set(re.findall(r"\{(\w+)\}", command)) <= PLACEHOLDERS
