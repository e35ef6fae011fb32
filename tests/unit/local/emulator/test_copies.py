"""Values of JSON are copied as `copy.deepcopy` copies them."""

import copy
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator.copies import json_copy, workflow_copy

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def containers(value: Any) -> list[int]:
    """The ids of the objects and arrays in a value."""
    if isinstance(value, dict):
        return [id(value), *(found for inner in value.values() for found in containers(inner))]
    if isinstance(value, list):
        return [id(value), *(found for inner in value for found in containers(inner))]
    return []


@given(values)
def test_a_copy_is_equal_and_shares_nothing(value: Any):
    """Neither the value nor anything in it can be changed through the copy."""
    copied = json_copy(value)
    assert copied == copy.deepcopy(value) == value
    assert not set(containers(copied)) & set(containers(value))


@pytest.mark.parametrize("value", [OrderedDict(a=[1]), {"a": (1, [2])}, [{1, 2}], b"bytes"])
def test_other_types_are_copied_by_python(value: Any):
    """MiniStack copies tables with their own types of dictionary, too."""
    copied = json_copy(value)
    assert copied == value
    assert type(copied) is type(value)


def test_the_context_of_an_execution_is_copied_by_its_first_level():
    """An item of a Map has its own state, and shares the input."""
    context = {"StateMachine": {"Id": "m"}, "Execution": {"Input": {"a": [1]}}, "variables": {"b": [2]}}
    copied = workflow_copy(context)
    copied["State"] = {"Name": "PostBatch"}
    assert "State" not in context
    assert copied["Execution"] is context["Execution"]


def test_other_values_of_workflows_share_nothing():
    """Such as a configuration that is returned to a caller."""
    value = {"level": ["ALL"]}
    assert workflow_copy(value) == value
    assert workflow_copy(value)["level"] is not value["level"]
