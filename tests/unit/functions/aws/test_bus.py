"""The bus takes every event, or the caller hears of it."""

from typing import Any

import pytest

from functions.aws import bus
from functions.contract.events import TypingStarted, read_event
from functions.contract.model import Shape, timestamp
from tests.unit.builders import NOW_MS, facts
from tests.unit.stage import BUS, Stage


def publish(published: list[Shape]) -> None:
    bus.publish(BUS, published, actor="alice", correlation_id="r-1", now_ms=NOW_MS)


@pytest.mark.parametrize("name", facts())
def test_what_is_published_is_what_consumers_read(stage: Stage, name: str):
    """Every kind of fact arrives under its own detail-type, equal to what was put in."""
    publish([facts()[name]])
    [event] = stage.published()
    assert event["detail-type"] == name
    envelope = read_event(event)
    assert envelope.data == facts()[name]
    assert (envelope.metadata.actor, envelope.metadata.correlation_id) == ("alice", "r-1")
    assert envelope.metadata.occurred_at == timestamp(NOW_MS)


def test_more_than_ten_facts_all_arrive(stage: Stage):
    """The bus takes ten entries a call; the eleventh is not lost."""
    typing = [TypingStarted(channel_id=f"c-{n}", user_id="alice", until=timestamp(NOW_MS)) for n in range(23)]
    publish(list(typing))
    arrived = stage.published()
    assert {event["detail"]["data"]["channelId"] for event in arrived} == {f"c-{n}" for n in range(23)}
    assert len({event["detail"]["metadata"]["eventId"] for event in arrived}) == 23


def test_the_trace_goes_with_the_event(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The trace header is in the metadata too, because archives drop the bus's own."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Parent=4;Sampled=1")
    publish([facts()["ChannelRead"]])
    [event] = stage.published()
    assert event["detail"]["metadata"]["traceHeader"] == "Root=1-2-3;Parent=4;Sampled=1"


def test_an_entry_that_the_bus_refuses_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """PutEvents answers 200 though entries failed; that must not pass for published."""

    class RefusingBus:
        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    monkeypatch.setattr(bus, "event_bridge", RefusingBus)
    with pytest.raises(bus.PublishError, match="1 of 1 events: ThrottlingException"):
        publish([facts()["ChannelRead"]])
