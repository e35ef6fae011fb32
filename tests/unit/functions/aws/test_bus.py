"""Publishing: the bus accepts every event, or the call raises."""

from typing import Any

import pytest

from functions.aws import bus
from functions.contract.events import TypingStarted, read_event
from functions.contract.model import Shape, timestamp
from tests.unit.builders import NOW_MS, facts
from tests.unit.stage import BUS, Stage


def publish(events: list[Shape]) -> None:
    bus.publish(BUS, events, actor="alice", correlation_id="r-1", now_ms=NOW_MS)


@pytest.mark.parametrize("name", facts())
def test_a_published_event_is_read_unchanged(stage: Stage, name: str):
    """Every event arrives under its detail-type, with the data that was published."""
    publish([facts()[name]])
    [event] = stage.published()
    assert event["detail-type"] == name
    envelope = read_event(event)
    assert envelope.data == facts()[name]
    assert (envelope.metadata.actor, envelope.metadata.correlation_id) == ("alice", "r-1")
    assert envelope.metadata.occurred_at == timestamp(NOW_MS)


def test_more_than_ten_events_are_published_in_several_calls(stage: Stage):
    """PutEvents accepts ten entries per call; the eleventh event is not lost."""
    typing = [TypingStarted(channel_id=f"c-{n}", user_id="alice", until=timestamp(NOW_MS)) for n in range(23)]
    publish(list(typing))
    arrived = stage.published()
    assert {event["detail"]["data"]["channelId"] for event in arrived} == {f"c-{n}" for n in range(23)}
    assert len({event["detail"]["metadata"]["eventId"] for event in arrived}) == 23


def test_an_event_carries_the_trace_header(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """In its metadata too, because the archive does not keep the bus's own trace header."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Parent=4;Sampled=1")
    publish([facts()["ChannelRead"]])
    [event] = stage.published()
    assert event["detail"]["metadata"]["traceHeader"] == "Root=1-2-3;Parent=4;Sampled=1"


def test_an_entry_that_the_bus_rejects_raises(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """PutEvents answers 200 even if entries failed, so the entries are checked."""

    class RefusingBus:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    monkeypatch.setattr(bus, "event_bridge", RefusingBus)
    with pytest.raises(bus.PublishError, match="rejected 1 of 1 events: ThrottlingException"):
        publish([facts()["ChannelRead"]])
