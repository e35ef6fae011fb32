"""Timestamps and the base class of models."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.contract.model import TIMESTAMP_PATTERN, Person, milliseconds, timestamp

moments = st.integers(0, 253_402_300_799_999)


@given(moments)
def test_a_timestamp_keeps_the_millisecond(moment: int):
    """Formatting and parsing returns the same time, up to the year 9999."""
    assert milliseconds(timestamp(moment)) == moment
    assert re.match(TIMESTAMP_PATTERN, timestamp(moment))


@given(moments, moments)
def test_timestamps_sort_by_time(one: int, other: int):
    """Conditions in tables compare them as text."""
    assert (timestamp(one) < timestamp(other)) == (one < other)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00.000Z"])
def test_an_invalid_timestamp_raises(text: str):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"format|invalid|Invalid|month|match"):
        milliseconds(text)


def test_unknown_fields_are_ignored():
    """Producers may add fields before consumers are updated."""
    person = Person.model_validate({"userId": "alice", "displayName": "Alice", "shoeSize": 38})
    assert person.model_dump(by_alias=True) == {"userId": "alice", "displayName": "Alice"}


def test_a_model_is_immutable():
    """Events do not change after they were created."""
    with pytest.raises(ValidationError):
        Person(user_id="alice", display_name="Alice").user_id = "bob"  # type: ignore[misc]


def test_a_validation_error_contains_no_values():
    """It may be logged, and what users wrote must not be."""
    with pytest.raises(ValidationError) as raised:
        Person.model_validate({"displayName": "the secret name"})
    assert "userId" in str(raised.value)
    assert "secret" not in str(raised.value)
