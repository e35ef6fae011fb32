"""The inspector's history is read from the whole archive, of which only a part is kept; and its list of runs."""

from itertools import islice
from typing import Any

import pytest

from inspector import queries
from ops.errors import NotFoundError, OpsError
from ops.events import archive
from ops.events.bus_event import BusEvent, EventFilter
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import (
    at,
    bus_event,
    channel_created,
    membership_changed,
    message_deleted,
    message_sent,
)
from tests.unit.ops.stages import deployed_stage

JOINED = membership_changed(True, offset_ms=5)
MESSAGE = message_sent("m-1", offset_ms=10)
CONNECTED = bus_event("UserConnected", {"userId": "bob"}, offset_ms=20)
EVENTS = [
    message_deleted("m-1", 1, offset_ms=40),
    MESSAGE,
    MESSAGE,
    channel_created(),
    JOINED,
    CONNECTED,
    bus_event("UserConnected", {"userId": "eve"}, offset_ms=30),
    message_sent("m-9", channel_id="c-9", offset_ms=15),
    bus_event("UserRenamed", {"userId": "carol", "displayName": "Carol"}, offset_ms=50),
]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[BusEvent]:
    """The events that are kept of those of the archive."""
    found: list[BusEvent] = []

    def read(_stage: Stage, wanted: EventFilter, *, keep: archive.Keep, **_: Any) -> list[BusEvent]:
        found.extend(event for event in EVENTS if wanted.matches(event) and keep(event))
        return list({event.event_id: event for event in found}.values())

    monkeypatch.setattr(archive, "read", read)
    monkeypatch.setattr(archive, "start_ms", lambda _: 0)
    return found


def test_the_channels_of_the_archive_are_counted_without_keeping_events(kept: list[BusEvent]):
    """Each event once, in any order; presence belongs to no channel."""
    first, second = queries.channels(deployed_stage()).items
    assert (first.channel_id, first.name, first.kind, first.events) == ("c-1", "tea", "public", 4)
    assert (first.first_at, first.last_at) == (at(0), at(40))
    assert (second.channel_id, second.name, second.kind, second.events) == ("c-9", "", None, 1)
    assert kept == []


def test_the_history_of_a_channel_keeps_no_messages_of_others(kept: list[BusEvent]):
    """It shows the connections of the members, and the names that any event holds."""
    history = queries.channel(deployed_stage(), "c-1")
    assert [item.detail_type for item in history.items] == [
        "ChannelCreated",
        "MemberJoined",
        "MessageSent",
        "UserConnected",
        "MessageDeleted",
    ]
    assert history.people == {"alice": "Alice", "bob": "Bob", "carol": "Carol"}
    assert {event.channel_id for event in kept} == {"c-1", None}


def test_an_unknown_channel_has_no_history(kept: list[BusEvent]):
    """Events of others do not count."""
    with pytest.raises(NotFoundError, match="c-404"):
        queries.channel(deployed_stage(), "c-404")
    assert {event.channel_id for event in kept} == {None}


def test_reading_the_archive_ends_when_the_browser_waits_no_longer(
    kept: list[BusEvent], monkeypatch: pytest.MonkeyPatch
):
    """Other commands wait meanwhile."""
    monkeypatch.setattr(queries, "MAX_READ_SECONDS", -1.0)
    with pytest.raises(OpsError, match="replay --since 2h --export FILE"):
        queries.channels(deployed_stage())
    assert kept == []


@pytest.mark.parametrize("status", ["failed", "troubled", None])
def test_an_older_failed_run_is_found_behind_those_of_another_channel(
    monkeypatch: pytest.MonkeyPatch, status: str | None
):
    """The limit is that of the runs that pass the filter."""
    runs = [
        Execution(execution_arn=f"run:{number}", started_ms=number, status="FAILED", input=event.raw)
        for number, event in enumerate([MESSAGE, *[message_sent("m-9", channel_id="c-9")] * 3])
    ]

    def troubled(_log: RunLog, *, limit: int, matches: Any = lambda _: True, **_: Any) -> list[Execution]:
        return list(islice(filter(matches, reversed(runs)), limit))

    monkeypatch.setattr(RunLog, "troubled", troubled)
    monkeypatch.setattr(RunLog, "newest", lambda *_, **__: [])
    monkeypatch.setattr(RunLog, "omission", None)
    wanted = queries.RunFilter(status=status, channel_id="c-1")
    page = queries.runs(deployed_stage(), wanted, since_ms=0, limit=1, failed_first=True)
    assert ([run.execution_arn for run in page.items], page.truncated) == (["run:0"], False)
