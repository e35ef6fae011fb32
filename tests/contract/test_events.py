"""Every version of every event that was ever on the bus is still read, and delivered if it is a channel event."""

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
    """A fixture."""
    event: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return event


def named(path: Path) -> str:
    """Its name without the ending, `MessageSent.v1`."""
    return path.stem


channel_event = pytest.mark.parametrize(
    "path", [path for path in FIXTURES if path.stem.split(".")[0] in CHANNEL_EVENTS], ids=named
)
every_event = pytest.mark.parametrize("path", FIXTURES, ids=named)


@pytest.mark.parametrize("name", NAMES)
def test_every_version_of_an_event_has_its_fixture(name: str):
    """From the first to the current: a new event, or a new version, comes with what it looks like."""
    versions = {f"{name}.v{version}.json" for version in range(1, SCHEMA_VERSION + 1)}
    assert versions == {path.name for path in FOLDER.glob(f"{name}.*")}


@every_event
def test_a_fixture_is_what_its_name_says(path: Path):
    """The detail-type and the schema version, from our source; and no fixture is of an event unknown."""
    matched = re.fullmatch(r"(\w+)\.v(\d+)", path.stem)
    assert matched
    event = load(path)
    assert event["source"] == SOURCE
    assert event["detail-type"] == matched[1]
    assert matched[1] in NAMES
    assert event["detail"]["metadata"]["schemaVersion"] == int(matched[2])


@every_event
def test_a_fixture_is_read_whole(path: Path):
    """As its own type, with nothing lost: writing it again gives the same detail."""
    event = load(path)
    envelope = read_event(event)
    assert detail_type(envelope.data) == event["detail-type"]
    assert envelope.model_dump(mode="json", by_alias=True, exclude_none=True) == event["detail"]


@every_event
def test_fields_that_come_later_are_tolerated(path: Path):
    """A producer may add fields anywhere; consumers of today read the rest as before."""

    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {"addedLater": {"a": [1]}, **{name: grown(inner) for name, inner in value.items()}}
        return [grown(inner) for inner in value] if isinstance(value, list) else value

    event = load(path)
    assert read_event(grown(event)) == read_event(event)


@channel_event
def test_a_channel_event_is_delivered_as_its_frame(path: Path):
    """A frame of the closed union that clients know, with what the event said of it."""
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


def test_a_message_is_traced_from_the_event_alone():
    """Archives drop the bus's own header; the metadata's is enough to follow a replayed message."""
    envelope = read_event(load(FOLDER / "MessageSent.v1.json"))
    assert json.loads(frame_for(envelope, 1).encode())["traceId"] == "1-6924271c-5f3a1b2c4d5e6f7081920a3b"
