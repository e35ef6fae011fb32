"""Record the events that EventBridge's archives keep in the journal."""

from collections.abc import Callable
from typing import Any

from local.emulator import patching

# A saved state lacks the latest events only, so an entry that it contains is among its last events.
RECENT_EVENTS = 5_000


class ArchivedEvents:
    """One entry per event: `{"event": …}`."""

    def __init__(self, record: Callable[..., None]) -> None:
        self._record = record
        self._archive = patching.replace("services.eventbridge", "_archive_event", self.archive)

    def archive(self, event: dict[str, Any], view: Any = None) -> None:
        """Archive an event, and record it."""
        self._archive(event, view)
        self._record("archived", event=event)

    def apply_again(self, entry: dict[str, Any]) -> None:
        """Archive an event, unless an archive contains it already."""
        event_id = entry["event"].get("EventId")
        for archive in patching.module("services.eventbridge")._archives.values():
            recent = archive.get("Events", [])[-RECENT_EVENTS:]
            if any(event.get("EventId") == event_id for event in reversed(recent)):
                return
        self._archive(entry["event"])
