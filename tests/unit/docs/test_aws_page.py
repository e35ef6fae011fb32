"""docs/aws.md: each claim has a proof whose tests exist, what is unproved, and a command."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "aws.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def rows() -> list[list[str]]:
    """The cells of every row of every table, without the heads."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] != "claim"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_a_claim_has_a_proof_a_gap_and_a_command(row: list[str]):
    """Four cells, none empty; the tests that it names exist."""
    assert len(row) == 4
    assert all(row)
    for file, name in TEST.findall(row[1]):
        assert (ROOT / file).is_file(), file
        if name:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            names = {
                node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert name in names, f"{file}::{name}"
