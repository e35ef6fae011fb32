"""Events in any order are sorted into the order in which they happened."""

from hypothesis import given
from hypothesis import strategies as st

from ops.events.bus_event import BusEvent
from ops.events.ordering import in_order
from tests.unit.ops.event_builders import message_deleted, message_edited, message_sent, reaction_changed


@given(st.data())
def test_shuffled_events_are_sorted_by_seq(data: st.DataObject):
    """Messages are in order of seq although clocks differ, changes follow them, and no event is lost or added."""
    count = data.draw(st.integers(1, 12))
    skew = data.draw(st.lists(st.integers(-30, 30), min_size=count, max_size=count))
    events: list[BusEvent] = []
    for number in range(count):
        message_id = f"m-{number}"
        events.append(message_sent(message_id, offset_ms=number * 10 + skew[number]))
        for kind in data.draw(st.lists(st.sampled_from(["edit", "deletion", "reaction"]), max_size=3)):
            later = number * 10 + data.draw(st.integers(1, 50))
            if kind == "edit":
                events.append(message_edited(message_id, number + 1, "x", offset_ms=later))
            elif kind == "deletion":
                events.append(message_deleted(message_id, number + 1, offset_ms=later))
            else:
                events.append(reaction_changed(message_id, number + 1, offset_ms=later, added=True))
    shuffled = data.draw(st.permutations(events))
    seqs = {f"m-{number}": number + 1 for number in range(count)}
    ordered = in_order(shuffled, seqs)
    assert sorted(event.event_id for event in ordered) == sorted(event.event_id for event in events)
    sent = [event.message_id for event in ordered if event.detail_type == "MessageSent"]
    assert sent == [f"m-{number}" for number in range(count)]
    seen: set[str | None] = set()
    for event in ordered:
        if event.detail_type == "MessageSent":
            seen.add(event.message_id)
        assert event.message_id in seen


@given(st.permutations(range(8)))
def test_messages_without_seq_are_sorted_by_time(order: list[int]):
    """Equal times are sorted by event id, so that the order is always the same."""
    events = [message_sent(f"m-{number}", offset_ms=number * 5) for number in range(8)]
    ordered = in_order([events[number] for number in order], {})
    assert [event.message_id for event in ordered] == [f"m-{number}" for number in range(8)]


def test_a_change_without_its_message_is_sorted_by_time():
    """A time range can contain an edit of an older message."""
    change, message = message_edited("old", 1, "x", offset_ms=5), message_sent("new", offset_ms=10)
    assert in_order([message, change], {"new": 2}) == [change, message]


def test_seqs_of_different_channels_are_not_compared():
    """A seq is a position within one channel."""
    first, second = (
        message_sent("a", offset_ms=1, channel_id="c-1"),
        message_sent("b", offset_ms=2, channel_id="c-2"),
    )
    assert in_order([second, first], {"a": 9, "b": 1}) == [first, second]
