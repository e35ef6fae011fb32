"""docs/security.md: the tests that it names exist, and its tables have the values of the settings."""

import ast
import re
from pathlib import Path

import pytest
from pydantic.alias_generators import to_snake

from docs.generate.settings import shown_value, stages_of_cdk_json

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def lines() -> list[list[str]]:
    """The rows of the table: asset, threat, answer, test."""
    threats = PAGE.read_text().partition("\n## ")[0]
    rows = [line for line in threats.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


@pytest.mark.parametrize("line", lines(), ids=lambda line: line[1][:60])
def test_every_threat_names_a_test_that_exists(line: list[str]):
    """Each row has four cells, and the last one names existing tests."""
    asset, threat, answer, tests = line
    assert asset
    assert threat
    assert answer
    check_tests(tests)


def check_tests(cell: str) -> None:
    """A cell names at least one test, and each exists."""
    named = NAMED.findall(cell)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        functions = {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in functions, f"{file} has no {name}"


def test_every_consideration_of_the_sample_is_a_setting_with_a_test():
    """With its value by default and in prod, and a test that finds it in the template."""
    section = PAGE.read_text(encoding="utf-8").partition("## What the reference sample leaves")[2]
    lines_of_table = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines_of_table[1:]]
    assert len(rows) >= 8
    stages = stages_of_cdk_json()
    for _, setting, default, prod, tests in rows:
        name = to_snake(setting.strip("`"))
        assert [default, prod] == [shown_value(getattr(stage, name)) for stage in stages], setting
        check_tests(tests)


def days(number: int) -> str:
    return f"{number} day{'s' if number > 1 else ''}" if number else "none"


def test_copies_of_deleted_texts_are_kept_for_the_days_of_the_settings():
    """By default and in prod. DynamoDB keeps 35 days for point-in-time recovery unless a table sets fewer."""
    section = PAGE.read_text(encoding="utf-8").partition("## Where deleted texts remain")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()]
    listed = {row[0]: row[3:] for row in rows if len(row) == 5}
    for column, stage in enumerate(stages_of_cdk_json()):
        logs_texts = stage.workflow_log_level == "ALL"
        expected = {
            "archive of the bus": days(stage.archive_retention_days),
            "logs of the workflow": days(stage.log_retention_days if logs_texts else 0),
            "point-in-time recovery of the tables": days(35 if stage.point_in_time_recovery else 0),
        }
        assert {copy: listed[copy][column] for copy in expected} == expected
