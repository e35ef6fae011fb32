"""Sort unordered events into the order in which they happened.

Events are sorted by time, with two exceptions, because the functions' clocks differ by milliseconds: the messages
of a channel are in order of their seq, and a change of a message never comes before the message.
"""

from collections.abc import Iterable, Mapping, Sequence

from ops.events.bus_event import BusEvent


def in_order(events: Iterable[BusEvent], seqs: Mapping[str, int]) -> list[BusEvent]:
    """The events in order. `seqs` maps message ids to seqs, as far as they are known."""
    by_time = sorted(events, key=lambda event: (event.occurred_ms, event.event_id))
    return _changes_after_message(_messages_by_seq(by_time, seqs))


def _messages_by_seq(events: Sequence[BusEvent], seqs: Mapping[str, int]) -> list[BusEvent]:
    """Sort the messages of each channel that have a seq among the positions that they occupy."""
    positions: dict[str | None, list[int]] = {}
    for index, event in enumerate(events):
        if event.detail_type == "MessageSent" and event.message_id in seqs:
            positions.setdefault(event.channel_id, []).append(index)
    reordered = list(events)
    for indices in positions.values():
        by_seq = sorted((events[index] for index in indices), key=lambda event: seqs[event.message_id or ""])
        for index, event in zip(indices, by_seq, strict=True):
            reordered[index] = event
    return reordered


def _changes_after_message(events: Sequence[BusEvent]) -> list[BusEvent]:
    """Move each change that precedes its message to directly after the message."""
    pending = {event.message_id for event in events if event.detail_type == "MessageSent"}
    early_changes: dict[str, list[BusEvent]] = {}
    ordered: list[BusEvent] = []
    for event in events:
        message_id = event.message_id
        if event.detail_type == "MessageSent":
            ordered.append(event)
            if message_id in pending:
                pending.discard(message_id)
                ordered += early_changes.pop(message_id or "", [])
        elif message_id in pending:
            early_changes.setdefault(message_id or "", []).append(event)
        else:
            ordered.append(event)
    return ordered
