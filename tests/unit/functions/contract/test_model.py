"""Timestamps and shapes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.contract.model import TIMESTAMP_PATTERN, Person, milliseconds, timestamp

moments = st.integers(0, 253_402_300_799_999)


@given(moments)
def test_a_timestamp_loses_nothing(moment: int):
    """Text and back is the same millisecond, to the year 9999."""
    assert milliseconds(timestamp(moment)) == moment
    assert re.match(TIMESTAMP_PATTERN, timestamp(moment))


@given(moments, moments)
def test_timestamps_sort_as_time_does(one: int, other: int):
    """Conditions in tables compare them as text."""
    assert (timestamp(one) < timestamp(other)) == (one < other)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00.000Z"])
def test_what_is_no_moment_is_refused(text: str):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"format|invalid|Invalid|month|match"):
        milliseconds(text)


def test_a_shape_tolerates_what_it_does_not_know():
    """Producers may add fields; consumers of before go on reading."""
    person = Person.model_validate({"userId": "alice", "displayName": "Alice", "shoeSize": 38})
    assert person.model_dump(by_alias=True) == {"userId": "alice", "displayName": "Alice"}


def test_a_shape_is_a_value():
    """Facts do not change after they were made."""
    with pytest.raises(ValidationError):
        Person(user_id="alice", display_name="Alice").user_id = "bob"  # type: ignore[misc]


def test_a_fault_of_validation_tells_no_values():
    """Such an error may reach a log; what people wrote must not."""
    with pytest.raises(ValidationError) as raised:
        Person.model_validate({"displayName": "the secret name"})
    assert "userId" in str(raised.value)
    assert "secret" not in str(raised.value)
