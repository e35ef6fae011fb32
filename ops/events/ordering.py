"""The order in which things happened, restored from events that came in no order.

In a channel messages have a place of their own, their seq; all else is ordered by when it happened, but never
before the message that it is about. Clocks of functions differ by milliseconds; a seq does not.
"""

from collections.abc import Iterable, Mapping, Sequence

from ops.events.bus_event import BusEvent


def in_order(events: Iterable[BusEvent], seqs: Mapping[str, int]) -> list[BusEvent]:
    """Events as they happened. `seqs` says which messages (by id) have which place."""
    by_time = sorted(events, key=lambda event: (event.occurred_ms, event.event_id))
    placed = _by_seq(by_time, seqs)
    return _after_their_message(placed)


def _by_seq(events: Sequence[BusEvent], seqs: Mapping[str, int]) -> list[BusEvent]:
    """Let the messages of a channel that have a seq change places among themselves."""
    spots: dict[str | None, list[int]] = {}
    for index, event in enumerate(events):
        if event.detail_type == "MessageSent" and event.message_id in seqs:
            spots.setdefault(event.channel_id, []).append(index)
    placed = list(events)
    for indices in spots.values():
        ranked = sorted((events[index] for index in indices), key=lambda event: seqs[event.message_id or ""])
        for index, event in zip(indices, ranked, strict=True):
            placed[index] = event
    return placed


def _after_their_message(events: Sequence[BusEvent]) -> list[BusEvent]:
    """Hold what changes a message back until the message was sent."""
    to_come = {event.message_id for event in events if event.detail_type == "MessageSent"}
    held: dict[str, list[BusEvent]] = {}
    ordered: list[BusEvent] = []
    for event in events:
        message_id = event.message_id
        if event.detail_type == "MessageSent":
            ordered.append(event)
            if message_id in to_come:
                to_come.discard(message_id)
                ordered += held.pop(message_id or "", [])
        elif message_id in to_come:
            held.setdefault(message_id or "", []).append(event)
        else:
            ordered.append(event)
    return ordered
