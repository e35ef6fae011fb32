"""Checks run beside the tests, and whichever fails decides the exit code."""

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
def test_the_exit_code_is_that_of_checks_and_tests(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    checks: list[runner.Check],
    tests_pass: bool,
    code: int,
):
    """A failed check is printed with what it said, and named at the end."""
    monkeypatch.setattr(runner, "CHECKS", checks)
    monkeypatch.setattr(runner, "PYTEST", [sys.executable, "-c", f"raise SystemExit({int(not tests_pass)})"])
    assert runner.main(["check"]) == code
    said = capfd.readouterr()
    assert "passed  lint" in said.out
    assert ("line 7 is wrong" in said.out) == ("types" in {check.name for check in checks})


def test_an_unknown_word_is_refused():
    """With the words that there are."""
    refused = subprocess.run(
        [sys.executable, "-m", "tests.runner", "tset"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr) == (2, "Say what to run: check, test, test-all.\n")


def test_every_folder_of_tests_is_a_tier():
    """A tier that nobody ranked would run last, after the small ones."""
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
    """Tests of a stage share it; unit tests go to whichever process is free."""
    assert tiers.scope_of(nodeid) == scope
