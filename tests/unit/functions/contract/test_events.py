"""Parsing events: only valid events are accepted, and errors contain no values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES, MalformedEventError, detail_type, read_event
from tests.unit.builders import SECRET, bus_event, facts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_every_event_is_either_a_channel_event_or_a_status_update():
    """There are two kinds of event."""
    assert not set(CHANNEL_EVENTS) & set(STATUS_UPDATES)
    assert set(CHANNEL_EVENTS) | set(STATUS_UPDATES) == set(facts())


@pytest.mark.parametrize("name", facts())
def test_an_event_is_parsed_as_it_was_published(name: str):
    """Under the name of its class."""
    event = bus_event(facts()[name])
    assert event["detail-type"] == detail_type(facts()[name]) == name
    assert read_event(event).data == facts()[name]


@pytest.mark.parametrize("name", facts())
def test_every_field_of_the_data_is_required(name: str):
    """An event without it is malformed, and the error names the field."""
    for field in bus_event(facts()[name])["detail"]["data"]:
        event = bus_event(facts()[name])
        del event["detail"]["data"][field]
        with pytest.raises(MalformedEventError, match=f"^{name}: data.{field}: Field required$"):
            read_event(event)


@pytest.mark.parametrize(
    "change", [{"text": {"a": SECRET}}, {"seq": SECRET}, {"editedAt": SECRET}, {"channelId": SECRET}]
)
def test_the_error_of_a_malformed_event_contains_no_values(change: dict[str, Any]):
    """The error is logged and is in the cause of dead letters."""
    event = bus_event(facts()["MessageEdited"])
    event["detail"]["data"] |= change
    with pytest.raises(MalformedEventError) as raised:
        read_event(event)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("name", ["MessageLost", None, "", "messageSent"])
def test_an_unknown_detail_type_is_malformed(name: str | None):
    """Names are case-sensitive."""
    with pytest.raises(MalformedEventError, match="expected a known detail-type"):
        read_event({"detail-type": name, "detail": {}})


@given(st.sampled_from(sorted(facts())), JSON)
def test_any_invalid_detail_is_malformed(name: str, detail: Any):
    """Whatever is on the bus, consumers get only this error."""
    with pytest.raises(MalformedEventError):
        read_event({"detail-type": name, "detail": detail})
