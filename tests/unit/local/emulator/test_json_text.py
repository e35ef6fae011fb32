"""Values are written as JSON that every reader reads back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator.json_text import json_text

texts = st.text(st.characters())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values)
def test_a_value_is_read_back(value: Any):
    """Also one with half a surrogate pair."""
    assert json.loads(json_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"), [({"a": [1, "é"]}, '{"a":[1,"é"]}'), ("\ud83d", r'"\ud83d"'), (1e22, "1e+22")]
)
def test_the_text_has_no_spaces(value: Any, text: str):
    """As the histories of AWS have it."""
    assert json_text(value) == text


def test_another_type_is_written_as_its_text():
    """So that a history is written, whatever a task returned."""

    class Other:
        def __str__(self) -> str:
            return "other"

    assert json_text({"a": Other()}) == '{"a":"other"}'
