"""When an emulator counts as started."""

from http.client import BadStatusLine
from pathlib import Path
from typing import Any

import pytest

from local.emulator_process import EmulatorProcess


@pytest.mark.parametrize(
    ("answer", "is_healthy"),
    [
        ({"status": "ok", "pid": 7}, True),
        ({"status": "ok", "pid": 8}, False),
        ({"status": "ok"}, False),
        ([], False),
        (BadStatusLine("SSH-2.0"), False),
        (ConnectionRefusedError(), False),
    ],
)
def test_only_the_started_process_is_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, is_healthy: bool
):
    """A stage that starts at the same time may have taken the port, and must not get the deployment."""

    def ask(*_arguments: Any, **_options: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    emulator = EmulatorProcess(1, tmp_path, tmp_path / "log")
    monkeypatch.setattr(EmulatorProcess, "pid", 7)
    monkeypatch.setattr(emulator, "ask", ask)
    assert emulator.is_healthy() is is_healthy
