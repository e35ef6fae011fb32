"""Reading the archive: one command at a time, and nothing is left when it is stopped."""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops import signals, times
from ops.errors import BadRequestError
from ops.events import archive, replay_queue
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.replay_queue import Drained, Rule
from ops.stage import leases
from ops.stage.stage import Stage
from tests.unit.ops.stages import call_one_at_a_time, stage_with_leases
from tests.waiting import DEADLINE_SECONDS

ARCHIVE = {"ArchiveName": "archive", "ArchiveArn": "arn:archive/archive", "EventSourceArn": "arn:bus"}


class EventBridge:
    """The replays of one stage, as EventBridge's client has them."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.replays: list[dict[str, Any]] = []
        for name in ("describe_archive", "start_replay", "list_replays", "cancel_replay"):
            monkeypatch.setattr(stage.client("events"), name, getattr(self, name))

    def describe_archive(self, **_: Any) -> dict[str, Any]:
        return ARCHIVE

    def start_replay(self, **request: Any) -> None:
        self.add(request["ReplayName"])

    def add(self, name: str, archive: str = "archive", **more: Any) -> None:
        """Add a replay, which is running unless `more` says otherwise."""
        self.replays.append(
            {"ReplayName": name, "State": "RUNNING", "EventSourceArn": f"arn:archive/{archive}", **more}
        )

    def list_replays(self, **_: Any) -> dict[str, Any]:
        return {"Replays": self.replays}

    def cancel_replay(self, ReplayName: str) -> None:  # noqa: N803
        for replay in self.replays:
            if replay["ReplayName"] == ReplayName:
                replay |= {"State": "CANCELLED", "ReplayEndTime": datetime.now(UTC) - timedelta(hours=1)}

    def end(self, name: str) -> None:
        """The replay has ended, an hour ago: no later one has to wait for the next minute."""
        self.cancel_replay(name)
        self.replays[-1]["State"] = "COMPLETED"


@pytest.fixture(scope="module")
def account() -> Iterator[boto3.Session]:
    """One simulated account for all tests."""
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def stage(account: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with a table for its lease, and a rule for replayed events."""
    monkeypatch.setattr(leases, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(replay_queue, "rule", lambda _: Rule("replayed-events", "arn:rule"))
    call_one_at_a_time(monkeypatch)
    return stage_with_leases(account)


def read(stage: Stage, notes: list[str] | None = None) -> list[BusEvent]:
    """Read the events of the last hour."""
    now = times.now()
    on_note = (notes if notes is not None else []).append
    return archive.read(stage, EventFilter(), since_ms=now - 3_600_000, until_ms=now, on_note=on_note)


def is_leased(stage: Stage) -> bool:
    """Whether a command holds the lease."""
    table = stage.table("Tickets")
    return "Item" in table.get_item(Key={"ticketHash": "lease#archive"})


def test_readers_take_turns(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Two replays at once would receive each other's events. The inspector's history is a reader too."""
    bridge = EventBridge(stage, monkeypatch)
    reading: list[str] = []
    most: list[int] = []
    notes: list[str] = []

    def drain(_stage: Stage, name: str, *_: Any) -> Drained:
        reading.append(name)
        most.append(len(reading))
        threading.Event().wait(0.05)
        reading.remove(name)
        bridge.end(name)
        return Drained([], None)

    monkeypatch.setattr(replay_queue, "drain", drain)
    threads = [threading.Thread(target=read, args=(stage, notes)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert most == [1, 1, 1]
    assert any("is at work" in note for note in notes)
    assert not is_leased(stage)


@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGHUP", "an error"])
def test_a_stopped_reader_cancels_its_replay(stage: Stage, monkeypatch: pytest.MonkeyPatch, end: str):
    """And gives its lease back."""
    bridge = EventBridge(stage, monkeypatch)

    def drain(*_: Any) -> Drained:
        assert is_leased(stage)
        if end == "an error":
            raise BadRequestError("too many events")
        os.kill(os.getpid(), getattr(signal, end))
        raise AssertionError("the signal has ended it")

    monkeypatch.setattr(replay_queue, "drain", drain)
    with pytest.raises((KeyboardInterrupt, SystemExit, BadRequestError)), signals.raised():
        read(stage)
    assert [replay["State"] for replay in bridge.replays] == ["CANCELLED"]
    assert not is_leased(stage)


def test_what_a_killed_reader_left_is_removed_and_reported(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Its replay is cancelled, and its events are deleted from the queue; not those of a stage `tests-2`."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.add("parley-tests-1-killed")
    bridge.add("parley-tests-2-1-a", archive="archive-of-tests-2")
    notes: list[str] = []

    def drain(_stage: Stage, name: str, *_: Any) -> Drained:
        bridge.end(name)
        return Drained([], None, leftovers=7)

    monkeypatch.setattr(replay_queue, "drain", drain)
    read(stage, notes)
    assert [replay["State"] for replay in bridge.replays[:2]] == ["CANCELLED", "RUNNING"]
    assert notes == [
        "The replay parley-tests-1-killed, whose command was killed, is cancelled.",
        "Deleted 7 events of an earlier replay, which was stopped, from the queue.",
    ]


def test_only_events_that_match_are_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """EventBridge replays whole minutes of all events. A duplicate is left out."""
    bridge, now = EventBridge(stage, monkeypatch), times.now()

    def drain(_stage: Stage, name: str, _on_progress: Any, keep: archive.Keep) -> Drained:
        bridge.end(name)
        replayed = [
            event(detail_type, channel_id, now - minutes * 60_000)
            for detail_type in ("MessageSent", "ChannelRead")
            for channel_id in ("tea", "milk")
            for minutes in (30, 30, 90)
        ]
        return Drained([each for each in replayed if keep(each)], None)

    monkeypatch.setattr(replay_queue, "drain", drain)
    found = archive.read(
        stage,
        EventFilter(types={"MessageSent"}),
        since_ms=now - 3_600_000,
        until_ms=now,
        keep=lambda each: each.channel_id == "tea",
    )
    assert [(each.detail_type, each.channel_id, each.occurred_ms) for each in found] == [
        ("MessageSent", "tea", now - 30 * 60_000)
    ]


def event(detail_type: str, channel_id: str, occurred_ms: int) -> BusEvent:
    """An event of a channel, with the same id for the same values."""
    metadata = {"eventId": f"{detail_type} {channel_id} {occurred_ms}", "occurredAt": times.iso(occurred_ms)}
    return BusEvent(
        {"detail-type": detail_type, "detail": {"metadata": metadata, "data": {"channelId": channel_id}}}
    )


def test_a_replay_starts_in_a_minute_without_others(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """EventBridge counts the events of all replays of a minute together."""
    bridge = EventBridge(stage, monkeypatch)
    bridge.add("parley-tests-1-a", State="COMPLETED", ReplayEndTime=datetime.now(UTC))
    bridge.add("parley-tests-2-1-a", archive="archive-of-tests-2")
    slept: list[float] = []
    monkeypatch.setattr("ops.events.archive.time.sleep", slept.append)
    archive._wait_for_a_minute_without_replays(stage)
    bridge.replays[0]["ReplayEndTime"] -= timedelta(minutes=2)
    archive._wait_for_a_minute_without_replays(stage)
    assert len(slept) == 1
    assert 0 < slept[0] <= 60
