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
    after = log_groups.prune(group, log_groups.size_of(group), events, size)
    assert kept(group) == expected
    assert after == log_groups.size_of(group)


def test_every_group_is_pruned(monkeypatch: pytest.MonkeyPatch):
    """Two groups that are written to in turn never exceed the limits, and keep most of what the limits allow."""
    stored: dict[str, Any] = {}
    monkeypatch.setattr(patching.module("services.cloudwatch_logs"), "_log_groups", stored)
    monkeypatch.setattr(log_groups, "_kept_events", 10)
    for _ in range(25):
        for name in ("even", "odd"):
            log_groups.append(name, "stream", ["a line"], first_at=0)
            assert log_groups.size_of(stored[name])[0] <= 10
    assert [log_groups.size_of(group)[0] for group in stored.values()] == [9, 9]


def test_a_group_that_was_restored_or_deleted_is_counted_again(monkeypatch: pytest.MonkeyPatch):
    """Its size is not that of the events which this process has added."""
    stored: dict[str, Any] = {}
    monkeypatch.setattr(patching.module("services.cloudwatch_logs"), "_log_groups", stored)
    log_groups.append("old", "stream", ["a line"] * 40, first_at=0)
    monkeypatch.setattr(log_groups, "_kept_events", 20)
    monkeypatch.setattr(log_groups, "_sizes", {})
    log_groups.append("old", "stream", ["a line"], first_at=0)
    assert log_groups.size_of(stored["old"])[0] == 18
    del stored["old"]
    for _ in range(20):
        log_groups.append("old", "stream", ["a line"], first_at=0)
    assert log_groups.size_of(stored["old"])[0] == 20


@pytest.mark.parametrize("size", [25, 1_000])
def test_appending_does_not_count_all_events_of_a_group(monkeypatch: pytest.MonkeyPatch, size: int):
    """The cost of a line does not grow with what is stored."""
    stored: dict[str, Any] = {}
    monkeypatch.setattr(patching.module("services.cloudwatch_logs"), "_log_groups", stored)
    monkeypatch.setattr(log_groups, "_kept_events", size)
    counted = 0
    count = log_groups.size_of

    def count_and_note(group: dict[str, Any]) -> tuple[int, int]:
        nonlocal counted
        counted += 1
        return count(group)

    monkeypatch.setattr(log_groups, "size_of", count_and_note)
    for _ in range(size * 2):
        log_groups.append("busy", "stream", ["a line"], first_at=0)
    assert counted == 1
