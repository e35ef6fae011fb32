"""docs/architecture.md names the events of the contract."""

import re
from pathlib import Path

import pytest

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "events"), [("channel events", CHANNEL_EVENTS), ("status updates", STATUS_UPDATES)]
)
def test_the_table_of_events_has_those_of_the_contract(kind: str, events: dict[str, object]):
    """Each kind has its events, in the order of the contract."""
    listed = re.search(rf"^\| \*\*{kind}\*\*[^|]*\| ([^|]*) \|", PAGE, re.MULTILINE)
    assert listed is not None
    assert listed[1].split(", ") == list(events)
