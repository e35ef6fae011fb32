"""Fields of an event, also of a malformed one, and filters."""

import json

import pytest

from ops.events.bus_event import BusEvent, EventFilter
from ops.models import PublishedEvent
from tests.unit.ops.event_builders import START_MS, bus_event, membership_changed


@pytest.mark.parametrize(
    ("event_filter", "matches"),
    [
        (EventFilter(), True),
        (EventFilter(types={"MemberJoined"}), True),
        (EventFilter(types={"MemberLeft"}), False),
        (EventFilter(channel_id="c-1"), True),
        (EventFilter(channel_id="c-2"), False),
        (EventFilter(user_id="alice"), True),
        (EventFilter(user_id="bob"), True),
        (EventFilter(user_id="carol"), False),
        (EventFilter(since_ms=START_MS, until_ms=START_MS + 1), True),
        (EventFilter(since_ms=START_MS + 1), False),
        (EventFilter(until_ms=START_MS), False),
    ],
)
def test_a_filter_matches_events_that_meet_every_condition(event_filter: EventFilter, matches: bool):
    """By type, channel, user (the actor or the subject) and time; the end is exclusive."""
    assert event_filter.matches(membership_changed(True, offset_ms=0)) is matches


@pytest.mark.parametrize("raw", [{}, {"detail": None}, {"detail": []}, {"detail": {"data": 7, "metadata": "x"}}])
def test_a_malformed_event_can_be_shown(raw: dict[str, object]):
    """Missing fields are null."""
    shown = PublishedEvent.model_validate(BusEvent(raw)).model_dump(by_alias=True)
    assert (shown["channelId"], shown["messageId"], shown["actor"]) == (None, None, None)


def test_an_event_s_json_has_every_field():
    """Unknown fields are null, so scripts can rely on the keys."""
    shown = json.loads(
        PublishedEvent.model_validate(bus_event("UserConnected", {"userId": "alice"})).model_dump_json(
            by_alias=True
        )
    )
    assert set(shown) == {
        "eventId", "detailType", "occurredAt", "actor", "correlationId", "channelId", "messageId", "traceId",
        "size", "detail",
    }  # fmt: skip
