"""The emulator filters log events by the patterns that CloudWatch Logs documents."""

import json

import pytest

from local.emulator.logs.log_filters import compile_json, compile_terms

LINE = json.dumps({"type": "TaskStateEntered", "details": {"name": "PostBatch"}, "id": "7", "count": 3})


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ("PostBatch", True),
        ("postbatch", False),
        ("PostBatch TaskStateEntered", True),
        ("PostBatch Absent", False),
        ('"details\\": {"', True),
        ('"PostBatch"', True),
        ("?Absent ?PostBatch", True),
        ("?Absent ?Missing", False),
        ("TaskStateEntered -PostBatch", False),
        ("TaskStateEntered -Absent", True),
        ("Post*", False),
    ],
)
def test_terms(pattern: str, matches: bool):
    """Each term must occur, except `?` alternatives and `-` exclusions; `*` is not a wildcard."""
    assert compile_terms(pattern)(LINE) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.type = "TaskStateEntered" }', True),
        ('{ $.type = "Task*" }', True),
        ('{ $.type = "Map*" }', False),
        ('{ ($.type = "X") || ($.details.name = "PostBatch") }', True),
        ('{ ($.type = "X") && ($.details.name = "PostBatch") }', False),
        ('{ ($.type = "Task*") && ($.details.name = "PostBatch") }', True),
        ('{ $.type != "X" }', True),
        ("{ $.count = 3 }", True),
        ('{ $.absent = "X" }', False),
    ],
)
def test_json_selectors(pattern: str, matches: bool):
    """Comparisons with a value or its beginning, joined by `||` or `&&`."""
    matcher = compile_json(pattern)
    assert matcher is not None
    assert matcher(LINE) is matches
    assert matcher("not JSON, PostBatch TaskStateEntered X") is False


def test_a_selector_of_another_form_is_not_supported():
    """`compile_json` returns None, and MiniStack's own function is used."""
    assert compile_json('{ ($.a = "1" || $.b = "2") && $.c = "3" }') is None
    assert compile_json("{ $.a > 3 }") is None
