"""The emulator's archive keeps events for its number of days."""

from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator.eventbridge import event_archive

DAY = 86_400
NOW = 100 * DAY


@pytest.mark.parametrize(
    ("days", "kept"),
    [(3, [NOW - 3 * DAY, NOW]), (0, [NOW - 9 * DAY, NOW - 3 * DAY - 1, NOW - 3 * DAY, NOW])],
    ids=["three days", "for ever"],
)
def test_events_are_deleted_after_the_retention(monkeypatch: pytest.MonkeyPatch, days: int, kept: list[int]):
    """And the archive's count is that of the events that it still has."""
    monkeypatch.setattr(event_archive, "time", SimpleNamespace(time=lambda: NOW))
    times = (NOW - 9 * DAY, NOW - 3 * DAY - 1, NOW - 3 * DAY, NOW)
    archive: dict[str, Any] = {"RetentionDays": days, "Events": [{"Time": at} for at in times], "EventCount": 4}
    event_archive.delete_expired(archive)
    assert [event["Time"] for event in archive["Events"]] == kept
    assert archive["EventCount"] == len(kept)
