"""The list of what the guarantees rest on says what is in the code, and names tests that exist."""

import ast
from pathlib import Path

import pytest

from tests.guarantees.mechanisms import MECHANISMS, Mechanism
from tests.guarantees.report import PROMISES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda each: each.what)
def test_a_mechanism_is_one_line_and_has_one_test(mechanism: Mechanism):
    """The line is there once; without it the file is another one, and, if it is Python, can still be read."""
    whole = (ROOT / mechanism.file).read_text()
    assert whole.count(mechanism.line) == 1
    without = whole.replace(mechanism.line, mechanism.instead)
    assert without != whole
    if mechanism.file.endswith(".py"):
        ast.parse(without)
    file, _, name = mechanism.test.partition("::")
    tree = ast.parse((ROOT / "tests" / "guarantees" / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_promise_has_one():
    """A promise that rests on nothing would be luck."""
    assert {each.promise for each in MECHANISMS} == set(PROMISES)
