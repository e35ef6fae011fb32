"""Every threat in docs/security.md names a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def lines() -> list[list[str]]:
    """The rows of the table: asset, threat, answer, test."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


@pytest.mark.parametrize("line", lines(), ids=lambda line: line[1][:60])
def test_every_threat_names_a_test_that_exists(line: list[str]):
    """Each row has four cells, and the last one names existing tests."""
    asset, threat, answer, tests = line
    assert asset
    assert threat
    assert answer
    named = NAMED.findall(tests)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        functions = {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in functions, f"{file} has no {name}"
