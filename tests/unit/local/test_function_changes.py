"""A function that a fault drill or a measurement changed is restored, however the program ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local import function_changes
from local.errors import LocalStageError
from ops import signals

ROOT = Path(__file__).resolve().parents[3]


class Functions:
    """A Lambda client with one function."""

    class exceptions:  # noqa: N801 - as boto3 names it
        ResourceNotFoundException = KeyError

    def __init__(self) -> None:
        self.configuration: dict[str, Any] = {
            "Handler": "good.handler",
            "Environment": {"Variables": {"A": "1"}},
            "Timeout": 3,
        }
        self.updates = 0

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return dict(self.configuration)

    def update_function_configuration(self, FunctionName: str, **changes: Any) -> None:  # noqa: N803
        assert FunctionName == "post"
        self.configuration |= changes
        self.updates += 1

    def get_waiter(self, _: str) -> Any:
        return type("Waiter", (), {"wait": staticmethod(lambda **_: None)})


BEFORE = Functions().configuration


@pytest.mark.parametrize("number", signals.STOPPING)
def test_a_signal_restores_the_function(tmp_path: Path, number: signal.Signals):
    """Ctrl-C, `kill`, and a closed terminal."""
    functions = Functions()

    def drill() -> None:
        with signals.raised(), function_changes.recorded(tmp_path / "record", functions) as changes:
            changes.update("post", Handler="broken.handler")
            assert functions.configuration["Handler"] == "broken.handler"
            os.kill(os.getpid(), number)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        drill()
    assert functions.configuration == BEFORE


def test_changes_of_a_killed_program_are_undone_and_those_of_a_running_one_are_not(tmp_path: Path):
    """The record is locked while the program runs. The first value of a setting is the one that is restored."""
    record, functions = tmp_path / "record", Functions()
    with function_changes.recorded(record, functions) as changes:
        for number in range(3):
            changes.update("post", Environment={"Variables": {"A": str(number + 2)}})
        assert function_changes.undo_left(record, functions) == []
        left = record.read_bytes()
    assert functions.configuration == BEFORE
    assert function_changes.undo_left(record, functions) == []

    functions.configuration["Environment"] = {"Variables": {"A": "4"}}
    record.write_bytes(left + b'{"function": "po')  # killed while it wrote the next line
    functions.updates = 0
    assert function_changes.undo_left(record, functions) == ["post"]
    assert (functions.configuration, functions.updates) == (BEFORE, 1)
    assert function_changes.undo_left(record, functions) == []


def test_two_programs_do_not_change_functions_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each would restore what the other one changed."""
    monkeypatch.setattr(function_changes, "LOCK_SECONDS", 0.0)
    record, functions = tmp_path / "record", Functions()
    with (
        function_changes.recorded(record, functions),
        pytest.raises(LocalStageError, match="Another fault drill or measurement"),
        function_changes.recorded(record, functions),
    ):
        pass


def test_a_program_that_a_parent_ignores_signals_for_is_not_stopped():
    """`nohup` starts a program that goes on when its terminal is closed."""
    program = (
        "import os, signal\n"
        "from ops import signals\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with signals.raised():\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('goes on')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "goes on\n")
