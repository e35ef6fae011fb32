"""Checks run while the tests run, and any failure makes the exit code 1."""

import re
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


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> runner.Check:
    """A check with an input, `input`. It adds a line to `runs`, and fails if the input is `wrong`."""
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "PYTEST", [sys.executable, "-c", ""])
    program = "open('runs', 'a').write('run\\n'); raise SystemExit(open('input').read() == 'wrong')"
    check = runner.Check("counted", [sys.executable, "-c", program], {}, ("input",))
    monkeypatch.setattr(runner, "CHECKS", [check])
    return check


@pytest.mark.usefixtures("counted")
def test_a_check_is_repeated_when_its_inputs_change_or_it_failed(tmp_path: Path):
    """And by `make test` always."""

    def run(text: str, word: str = "check") -> tuple[int, int]:
        (tmp_path / "input").write_text(text)
        code = runner.main([word])
        return code, (tmp_path / "runs").read_text().count("run")

    assert run("right") == (0, 1)
    assert run("right") == (0, 1)
    assert run("also right") == (0, 2)
    assert run("wrong") == (1, 3)
    assert run("wrong") == (1, 4)
    assert run("also right") == (0, 5)
    assert run("also right", "test") == (0, 6)
    assert run("also right") == (0, 6)


def test_the_inputs_of_the_uis_check_are_all_that_it_reads():
    """Every file of the UI, and what its tests read outside of it."""
    listed = subprocess.run(["git", "ls-files", "ui"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.splitlines() if name != "ui/README.md"]
    assert len(files) > 300
    assert [name for name in files if not is_input(name)] == []
    outside = {
        match[1]
        for path in (ROOT / "ui" / "tests").rglob("*.ts*")
        for match in re.finditer(r'"(?:\.\./)+((?:tests|workflows|docs|functions)/[^"]+)"', path.read_text())
        if (ROOT / match[1]).exists()
    }
    assert {"workflows/deliver.asl.json", "tests/workflow_decisions.json"} <= outside
    assert [name for name in sorted(outside) if not is_input(name)] == []


def is_input(name: str) -> bool:
    """Whether a file is one of the inputs, or below one."""
    return any(name == each or name.startswith(f"{each}/") for each in runner.UI_INPUTS)


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
