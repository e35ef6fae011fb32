"""Count the archived events of each channel while they are read, so that none of them has to be kept."""

import threading
from dataclasses import dataclass

from inspector.models import ArchivedChannel, ArchivedChannelList
from ops.events.bus_event import BusEvent

Moment = tuple[int, str]
"""The time of an event in milliseconds, and its id: the order of events."""


@dataclass
class _Channel:
    """The events of one channel so far: their number, the times of the first and the last, the latest summary."""

    events: int
    first: tuple[Moment, str]
    last: tuple[Moment, str]
    name: tuple[Moment, str] = (0, ""), ""
    kind: tuple[Moment, str] = (0, ""), ""

    def add(self, event: BusEvent) -> None:
        """Count an event, in any order."""
        moment = (event.occurred_ms, event.event_id)
        self.events += 1
        self.first = min(self.first, (moment, event.occurred_at))
        self.last = max(self.last, (moment, event.occurred_at))
        summary = event.data.get("channel")
        if isinstance(summary, dict):
            self.name = _later(self.name, moment, summary.get("name"))
            self.kind = _later(self.kind, moment, summary.get("kind"))


class ChannelTally:
    """The channels of all events that were added. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event_ids: set[str] = set()
        self._channels: dict[str, _Channel] = {}

    def add(self, event: BusEvent) -> bool:
        """Count an event of a channel, each id once. Returns False, because it need not be kept."""
        channel_id = event.channel_id
        if channel_id is not None:
            with self._lock:
                if event.event_id not in self._event_ids:
                    self._event_ids.add(event.event_id)
                    start = ((event.occurred_ms, event.event_id), event.occurred_at)
                    self._channels.setdefault(channel_id, _Channel(0, start, start)).add(event)
        return False

    def channels(self) -> ArchivedChannelList:
        """The channels, that with the most events first."""
        items = [
            ArchivedChannel(
                channel_id=channel_id,
                name=one.name[1],
                kind=one.kind[1] or None,
                events=one.events,
                first_at=one.first[1],
                last_at=one.last[1],
            )
            for channel_id, one in self._channels.items()
        ]
        return ArchivedChannelList(items=sorted(items, key=lambda channel: -channel.events))


def _later(known: tuple[Moment, str], moment: Moment, value: object) -> tuple[Moment, str]:
    return max(known, (moment, value)) if isinstance(value, str) and value else known
