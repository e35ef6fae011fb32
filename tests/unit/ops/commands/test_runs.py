"""`parley runs` refuses a time range that holds nothing."""

import sys

import pytest

from ops.commands import cli
from ops.errors import ExitCode


def test_an_end_before_the_start_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Before a stage is looked for."""
    monkeypatch.setattr(sys, "argv", ["parley", "runs", "--since", "2h", "--until", "3h"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == ExitCode.USAGE
    assert "must be before --until" in capsys.readouterr().err
