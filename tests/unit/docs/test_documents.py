"""The generated documents are up to date."""

import re

import pytest
from pydantic import BaseModel

from docs.generate.documents import DOCUMENTS, ROOT
from docs.generate.schema import EVENTS, SERVER_FRAMES, definitions
from functions.contract.events import Metadata


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_generated_document_is_up_to_date(path: str):
    """`make docs` would not change the document."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs`"


def test_the_page_of_events_names_fields_as_the_wire_does():
    """A field is `changedBy` in events and frames; `changed_by` is its name in Python only."""
    shapes: tuple[type[BaseModel], ...] = (*EVENTS, *SERVER_FRAMES, Metadata)
    names = {name for shape in shapes for name in shape.model_fields if "_" in name}
    assert not names & set(re.findall(r"`(\w+)`", DOCUMENTS["docs/events.md"]()))


def test_the_page_of_events_describes_every_type_that_it_names():
    """A reader finds the fields of a `Person` or a `PresenceChange` on the same page."""
    page = DOCUMENTS["docs/events.md"]()
    types = {
        name for line in page.splitlines() for name in re.findall(r"\| (?:list of )?([A-Z]\w+)(?:,| \|)", line)
    }
    assert types >= {"Person", "ChannelSummary", "PresenceChange", "ErrorCode"}
    assert types <= set(re.findall(r"^### (\w+)$", page, re.MULTILINE))


def test_the_description_of_a_field_is_more_specific_than_that_of_its_type():
    """`editedAt` of a `message` frame says when it is set, not only that it is a time."""
    assert "Set if" in definitions()["MessageFrame"]["properties"]["editedAt"]["description"]
