"""Log groups keep their newest events, within a number of events and of bytes."""

from typing import Any

import pytest

from local.emulator import patching
from local.emulator.logs import log_groups


def group_of(**streams: list[str]) -> dict[str, Any]:
    """A group whose streams follow each other in time."""
    return {
        "streams": {
            name: {"events": [{"message": text} for text in texts], "lastEventTimestamp": number}
            for number, (name, texts) in enumerate(streams.items())
        }
    }


def kept(group: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [event["message"] for event in stream["events"]] for name, stream in group["streams"].items()}


@pytest.mark.parametrize(
    ("events", "size", "expected"),
    [
        (5, 100, {"a": ["1", "2"], "b": ["33", "44"], "c": ["5"]}),
        (4, 100, {"a": ["2"], "b": ["33", "44"], "c": ["5"]}),
        (3, 100, {"b": ["33", "44"], "c": ["5"]}),
        (5, 4, {"b": ["44"], "c": ["5"]}),
        (5, 0, {}),
    ],
)
def test_the_oldest_events_are_dropped(events: int, size: int, expected: dict[str, list[str]]):
    """Until the group is within both limits."""
    group = group_of(a=["1", "2"], b=["33", "44"], c=["5"])
    log_groups.prune(group, events, size)
    assert kept(group) == expected


def test_every_group_is_pruned(monkeypatch: pytest.MonkeyPatch):
    """Two groups that are written to in turn: neither grows without end."""
    stored: dict[str, Any] = {}
    monkeypatch.setattr(patching.module("services.cloudwatch_logs"), "_log_groups", stored)
    monkeypatch.setattr(log_groups, "_kept_events", 10)
    for _ in range(log_groups.APPENDS_PER_PRUNE * 2):
        for name in ("even", "odd"):
            log_groups.append(name, "stream", ["a line"], first_at=0)
    assert {name: len(group["streams"]["stream"]["events"]) for name, group in stored.items()} == {
        "even": 10,
        "odd": 10,
    }
