"""Items share equal names and values, so that the memory of a table grows with what differs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.emulator import patching
from local.emulator.dynamodb.shared_values import install, share

VALUES = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text(max_size=100)),
        st.builds(lambda number: {"N": str(number)}, st.integers()),
        st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
        st.just({"NULL": True}),
        st.just({"B": b"bytes"}),
        st.just({"SS": ["a", "b"]}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3)),
        st.builds(lambda values: {"M": values}, st.dictionaries(st.text(), inner, max_size=3)),
    ),
    max_leaves=6,
)


def parsed(**item: dict[str, Any]) -> dict[str, Any]:
    """An item with objects that nothing else has, as from a request."""
    found: dict[str, Any] = json.loads(json.dumps(item))
    return found


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_the_item_is_equal(item: dict[str, Any]):
    """With the same order of its attributes."""
    assert list(share(item).items()) == list(item.items())


def test_equal_scalars_are_one_object():
    """Names too."""
    scalars: dict[str, Any] = {
        "channelId": {"S": "c-1"},
        "seq": {"N": "7"},
        "announced": {"BOOL": True},
        "origin": {"NULL": True},
    }
    first, second = share(parsed(**scalars)), share(parsed(**scalars))
    for (name, value), (other_name, other_value) in zip(first.items(), second.items(), strict=True):
        assert name is other_name
        assert value is other_value


def test_what_may_be_changed_in_place_is_not_shared():
    """An update of an element changes the list or the map that contains it."""
    nested: dict[str, Any] = {"list": {"L": [{"S": "a"}]}, "map": {"M": {"a": {"S": "b"}}}, "set": {"SS": ["a"]}}
    first, second = share(parsed(**nested)), share(parsed(**nested))
    assert not any(first[name] is second[name] for name in nested)


def test_a_long_text_is_not_kept_for_others():
    """Few items have the same one, and the values that are kept would take much memory."""
    text = "long " * 20
    first, second = share(parsed(text={"S": text})), share(parsed(text={"S": text}))
    assert first["text"] is not second["text"]


def test_what_is_stored_is_shared(monkeypatch: pytest.MonkeyPatch):
    """Whichever operation stores it: all of them call one function of MiniStack."""
    stored: list[dict[str, Any]] = []
    replaced: dict[str, Any] = {}
    monkeypatch.setattr(patching, "original", lambda *_: lambda *arguments: stored.append(arguments[-1]))
    monkeypatch.setattr(patching, "replace", lambda _service, name, new: replaced.update({name: new}))
    install()
    for _ in range(2):
        replaced["_set_item"]({}, "c-1", "7", parsed(channelId={"S": "c-1"}))
    first, second = stored
    assert first == second == {"channelId": {"S": "c-1"}}
    assert first["channelId"] is second["channelId"]
