"""Whatever the archive hands out, and in whatever order, it becomes what happened."""

from hypothesis import given
from hypothesis import strategies as st

from ops.events.bus_event import BusEvent
from ops.events.ordering import in_order
from tests.unit.ops.run_builders import deleted, edited, reacted, sent


@given(st.data())
def test_any_shuffle_comes_back_in_the_order_of_seq(data: st.DataObject):
    """Messages by seq though clocks differ, changes after their message, nothing lost, nothing added."""
    count = data.draw(st.integers(1, 12))
    skew = data.draw(st.lists(st.integers(-30, 30), min_size=count, max_size=count))
    events: list[BusEvent] = []
    for number in range(count):
        message_id = f"m-{number}"
        events.append(sent(message_id, offset_ms=number * 10 + skew[number]))
        for kind in data.draw(st.lists(st.sampled_from("edr"), max_size=3)):
            later = number * 10 + data.draw(st.integers(1, 50))
            if kind == "e":
                events.append(edited(message_id, number + 1, "x", offset_ms=later))
            elif kind == "d":
                events.append(deleted(message_id, number + 1, offset_ms=later))
            else:
                events.append(reacted(message_id, number + 1, offset_ms=later, added=True))
    shuffled = data.draw(st.permutations(events))
    seqs = {f"m-{number}": number + 1 for number in range(count)}
    ordered = in_order(shuffled, seqs)
    assert sorted(event.event_id for event in ordered) == sorted(event.event_id for event in events)
    said = [event.message_id for event in ordered if event.detail_type == "MessageSent"]
    assert said == [f"m-{number}" for number in range(count)]
    seen: set[str | None] = set()
    for event in ordered:
        if event.detail_type == "MessageSent":
            seen.add(event.message_id)
        assert event.message_id in seen


@given(st.permutations(range(8)))
def test_without_any_seq_time_decides(order: list[int]):
    """And the event's id where times are equal, so that it is the same order every time."""
    events = [sent(f"m-{number}", offset_ms=number * 5) for number in range(8)]
    ordered = in_order([events[number] for number in order], {})
    assert [event.message_id for event in ordered] == [f"m-{number}" for number in range(8)]


def test_a_change_whose_message_is_not_among_them_stays_where_its_time_is():
    """A window that begins in the middle of a talk has edits of older messages."""
    change, message = edited("old", 1, "x", offset_ms=5), sent("new", offset_ms=10)
    assert in_order([message, change], {"new": 2}) == [change, message]


def test_channels_do_not_move_each_others_messages():
    """A seq is a place in its own channel."""
    first, second = sent("a", offset_ms=1, channel_id="c-1"), sent("b", offset_ms=2, channel_id="c-2")
    assert in_order([second, first], {"a": 9, "b": 1}) == [first, second]
