"""The emulator's bus refuses what EventBridge refuses, and ends a replay when it ends."""

import asyncio
import json
from contextvars import ContextVar
from typing import Any

import pytest

from local.emulator.eventbridge.bus_delivery import MAX_ENTRY_BYTES, BusDelivery, after_the_answer, entry_error

GOOD = {"Source": "parley", "DetailType": "Tested", "Detail": "{}"}


def detail_of(size: int) -> str:
    """A detail of so many bytes, with characters of two bytes."""
    detail = json.dumps({"text": "é" * ((size - 12) // 2)}, ensure_ascii=False)
    return detail + " " * (size - len(detail.encode()))


ROOM = MAX_ENTRY_BYTES - len("parley") - len("Tested")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"Detail": None}, "InvalidArgument"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": "{"}, "MalformedDetail"),
        pytest.param({"Detail": detail_of(ROOM)}, None, id="as large as possible"),
        pytest.param({"Detail": detail_of(ROOM + 1)}, "EntryTooLarge", id="a byte more"),
    ],
)
def test_an_invalid_entry_has_the_error_of_eventbridge(changes: dict[str, Any], code: str | None):
    """Also one that is too large by a byte: a character may have several."""
    error = entry_error({**GOOD, **changes}, allow_aws_source=False)
    assert (error and error[0]) == code


def test_services_of_aws_may_publish_their_events():
    """Such as those of a state machine."""
    assert entry_error({**GOOD, "Source": "aws.states"}, allow_aws_source=True) is None


@pytest.mark.parametrize(
    ("state", "event_time", "belongs"),
    [("RUNNING", 99, True), ("RUNNING", 100, False), ("CANCELLED", 99, False)],
)
def test_a_replay_ends_before_its_end_time_or_when_it_is_cancelled(state: str, event_time: int, belongs: bool):
    """A command that is stopped cancels its replay: its events would reach the next command."""
    replay = {"State": state, "EventEndTime": 100, "EventLastReplayedTime": 7}
    assert BusDelivery._belongs({"Time": event_time}, replay) is belongs
    assert replay["EventLastReplayedTime"] == (event_time if belongs else 7)


def test_events_are_delivered_after_the_answer():
    """In the trace of the request, which is another one by then."""
    trace: ContextVar[str] = ContextVar("trace")
    delivered: list[str] = []

    async def answer() -> None:
        trace.set("of the event")
        after_the_answer(lambda event: delivered.append(f"{event} {trace.get()}"), "e-1")
        trace.set("of the next request")
        assert delivered == []
        await asyncio.sleep(0)

    asyncio.run(answer())
    assert delivered == ["e-1 of the event"]


def test_in_a_thread_events_are_delivered_at_once():
    """A state of a workflow that publishes runs in one."""
    delivered: list[str] = []
    after_the_answer(delivered.append, "e-1")
    assert delivered == ["e-1"]
