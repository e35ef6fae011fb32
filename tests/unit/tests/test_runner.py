"""Checks run while the tests run, and any failure makes the exit code 1."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import runner, tiers

ROOT = Path(__file__).resolve().parents[3]


def passing(name: str) -> runner.Check:
    return runner.Check(name, [sys.executable, "-c", "print('fine')"], {})


def failing(name: str) -> runner.Check:
    return runner.Check(name, [sys.executable, "-c", "print('line 7 is wrong'); raise SystemExit(1)"], {})


@pytest.mark.parametrize(
    ("checks", "tests_pass", "code"),
    [
        ([passing("lint")], True, 0),
        ([passing("lint"), failing("types")], True, 1),
        ([passing("lint")], False, 1),
    ],
)
def test_a_failed_check_or_test_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    checks: list[runner.Check],
    tests_pass: bool,
    code: int,
):
    """A failed check is printed with its output, and named at the end."""
    monkeypatch.setattr(runner, "CHECKS", checks)
    monkeypatch.setattr(runner, "PYTEST", [sys.executable, "-c", f"raise SystemExit({int(not tests_pass)})"])
    assert runner.main(["check"]) == code
    printed = capfd.readouterr()
    assert "passed  lint" in printed.out
    assert ("line 7 is wrong" in printed.out) == ("types" in {check.name for check in checks})


def test_an_unknown_argument_is_refused():
    """The message lists the valid words."""
    completed = subprocess.run(
        [sys.executable, "-m", "tests.runner", "tset"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (completed.returncode, completed.stderr) == (2, "Name what to run: check, test, test-all.\n")


def test_every_folder_of_tests_is_a_tier():
    """Every folder with tests is in TIERS. A missing one would run last, after the small tiers."""
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    nested = {path.parents[1].name for path in (ROOT / "tests").glob("*/*/test_*.py")}
    assert folders | nested == set(tiers.TIERS)


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/browser/test_sending.py::test_it", "browser"),
        (
            "tests/unit/functions/contract/test_text.py::test_it[a::b]",
            "tests/unit/functions/contract/test_text.py",
        ),
    ],
)
def test_a_tier_stays_together_unless_it_can_be_split(nodeid: str, scope: str):
    """The tests of a tier with a stage share a process; a module of unit tests can run in any process."""
    assert tiers.scope_of(nodeid) == scope
