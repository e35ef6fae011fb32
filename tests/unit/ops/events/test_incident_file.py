"""Exports of events: written, redacted and read back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract.events import read_event
from ops.errors import BadRequestError
from ops.events import incident_file
from ops.events.bus_event import BusEvent
from tests.unit.ops.event_builders import message_edited, message_sent


def test_an_export_is_read_back_unchanged(tmp_path: Path):
    """Events and seqs are kept; what is specific to one replay and account is left out."""
    event = BusEvent({**message_sent("m-1").raw, "replay-name": "r", "account": "000000000000"})
    assert incident_file.write(tmp_path / "f", [event], {"m-1": 7}, stage="dev") == 1
    incident = incident_file.read(tmp_path / "f")
    assert incident.seqs == {"m-1": 7}
    assert incident.events[0].raw == message_sent("m-1").raw | {"detail": event.raw["detail"]}
    assert incident.header["stage"] == "dev"


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_redaction_replaces_texts_and_names(text: str, name: str, username: str):
    """All other fields are kept, and equal names get the same replacement. The mentions go with the text."""
    redaction = incident_file.Redaction(["text", "names"])
    event = message_sent("m-1", text=text)
    event.raw["detail"]["data"]["sender"]["displayName"] = name
    event.raw["detail"]["data"]["mentions"] = [username]
    data = redaction.apply(event).data
    assert data["text"] == f"[redacted, {len(text)} characters]"
    assert data["sender"] == {"userId": "alice", "displayName": "Person 1"}
    assert redaction.apply(event).data == data
    assert {key: value for key, value in data.items() if key not in ("text", "sender")} == {
        key: value for key, value in event.data.items() if key not in ("text", "sender", "mentions")
    }


@pytest.mark.parametrize(
    ("redact", "of_the_message", "of_the_edit"),
    [
        ([], ("bob", "zoe"), ("zoe",)),
        (["names"], ("user 1", "user 2"), ("user 2",)),
        (["text"], None, None),
        (["text", "names"], None, None),
    ],
)
def test_mentions_are_redacted(tmp_path: Path, redact: list[str], of_the_message: Any, of_the_edit: Any):
    """They are names, and part of the text. Events without them are well-formed."""
    sent, edited = message_sent("m-1"), message_edited("m-1", 1, "hello @zoe", offset_ms=1)
    sent.raw["detail"]["data"]["mentions"] = ["bob", "zoe"]
    edited.raw["detail"]["data"]["mentions"] = ["zoe"]
    incident_file.write(tmp_path / "f", [sent, edited], {}, stage="dev", redact=redact)
    read_back = [read_event(event.raw).data for event in incident_file.read(tmp_path / "f").events]
    assert [data.mentions for data in read_back] == [of_the_message, of_the_edit]


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"format": "other"}', '{"format": "parley-events"}'])
def test_a_file_that_is_not_an_export_is_refused(tmp_path: Path, content: str):
    """The message names the file."""
    (tmp_path / "f").write_text(content)
    with pytest.raises(BadRequestError, match=str(tmp_path / "f")):
        incident_file.read(tmp_path / "f")


def test_the_line_of_invalid_json_is_reported(tmp_path: Path):
    """The message has its number."""
    incident_file.write(tmp_path / "f", [message_sent("m-1")], {}, stage="dev")
    with (tmp_path / "f").open("a") as file:
        file.write("{\n")
    with pytest.raises(BadRequestError, match="line 3"):
        incident_file.read(tmp_path / "f")


def test_a_text_with_a_line_separator_is_read_back(tmp_path: Path):
    """U+2028 ends a line in Python, and not in JSON."""
    event = message_sent("m-1", text="one\u2028two")
    incident_file.write(tmp_path / "f", [event], {}, stage="dev")
    assert incident_file.read(tmp_path / "f").events == [event]
