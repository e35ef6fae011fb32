"""Every published version of every event can still be read, and every channel event still becomes its frame."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from functions.chat.delivery import frame_for
from functions.contract.events import (
    CHANNEL_EVENTS,
    SCHEMA_VERSION,
    SOURCE,
    STATUS_UPDATES,
    MessageSent,
    detail_type,
    read_event,
)
from functions.contract.frames import ServerFrame

FOLDER = Path(__file__).parent / "events"
FIXTURES = sorted(FOLDER.glob("*.json"))
NAMES = {**CHANNEL_EVENTS, **STATUS_UPDATES}

FRAMES = {
    "MessageSent": "message",
    "MessageEdited": "messageEdited",
    "MessageDeleted": "messageDeleted",
    "ReactionAdded": "reaction",
    "ReactionRemoved": "reaction",
    "ChannelCreated": "channel",
    "MemberJoined": "channel",
    "MemberLeft": "channel",
}


def load(path: Path) -> dict[str, Any]:
    """Read a fixture."""
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event


def fixture_name(path: Path) -> str:
    """A fixture's name, `MessageSent.v1`."""
    return path.stem


channel_event = pytest.mark.parametrize(
    "path", [path for path in FIXTURES if path.stem.split(".")[0] in CHANNEL_EVENTS], ids=fixture_name
)
every_event = pytest.mark.parametrize("path", FIXTURES, ids=fixture_name)


@pytest.mark.parametrize("name", NAMES)
def test_every_version_of_an_event_has_a_fixture(name: str):
    """There is a fixture for each version from 1 to the current one."""
    versions = {f"{name}.v{version}.json" for version in range(1, SCHEMA_VERSION + 1)}
    assert versions == {path.name for path in FOLDER.glob(f"{name}.*")}


@every_event
def test_a_fixture_matches_its_file_name(path: Path):
    """Its source is ours, and its detail-type and schema version, of a known event, are those of the name."""
    matched = re.fullmatch(r"(\w+)\.v(\d+)", path.stem)
    assert matched
    event = load(path)
    assert event["source"] == SOURCE
    assert event["detail-type"] == matched[1]
    assert matched[1] in NAMES
    assert event["detail"]["metadata"]["schemaVersion"] == int(matched[2])


@every_event
def test_a_fixture_is_read_without_loss(path: Path):
    """A fixture is read as its type, and serializing it again gives the same detail."""
    event = load(path)
    envelope = read_event(event)
    assert detail_type(envelope.data) == event["detail-type"]
    assert envelope.model_dump(mode="json", by_alias=True, exclude_none=True) == event["detail"]


@every_event
def test_unknown_fields_are_ignored(path: Path):
    """A producer may add a field to any object, and consumers read the rest as before."""

    def with_unknown_fields(value: Any) -> Any:
        if isinstance(value, dict):
            fields = {name: with_unknown_fields(inner) for name, inner in value.items()}
            return {"addedLater": {"a": [1]}, **fields}
        return [with_unknown_fields(inner) for inner in value] if isinstance(value, list) else value

    event = load(path)
    assert read_event(with_unknown_fields(event)) == read_event(event)


@channel_event
def test_a_channel_event_becomes_its_frame(path: Path):
    """The frame is one of those that clients know, and has the event's values."""
    event = load(path)
    envelope = read_event(event)
    seq = 43 if isinstance(envelope.data, MessageSent) else None
    frame = json.loads(frame_for(envelope, seq).encode())
    assert frame["type"] == FRAMES[event["detail-type"]]
    read: Any = TypeAdapter(ServerFrame).validate_python(frame)
    assert json.loads(read.encode()) == frame
    data = event["detail"]["data"]
    assert {name: data[name] for name in frame if name in data} == {
        name: frame[name] for name in frame if name in data
    }
    if seq:
        assert frame["seq"] == seq


def test_a_message_frame_has_the_trace_id_of_its_event():
    """The trace id comes from the event's metadata, because archived events lose EventBridge's trace header."""
    envelope = read_event(load(FOLDER / "MessageSent.v1.json"))
    assert json.loads(frame_for(envelope, 1).encode())["traceId"] == "1-6924271c-5f3a1b2c4d5e6f7081920a3b"
