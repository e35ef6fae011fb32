"""`parley runs`: the time range, and what each run is shown with."""

import sys

import pytest

from ops.commands import cli
from ops.errors import ExitCode
from ops.runs.execution import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage


def test_an_end_before_the_start_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Before a stage is looked for."""
    monkeypatch.setattr(sys, "argv", ["parley", "runs", "--since", "2h", "--until", "3h"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == ExitCode.USAGE
    assert "must be before --until" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "outcome", "shown"),
    [
        ("dry-run", "dry-run", "dry-run"),
        ("live", "delivered", "delivered, live"),
        (None, "delivered", "delivered"),
    ],
)
def test_a_run_is_shown_with_its_outcome_and_its_mode(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: str | None,
    outcome: str,
    shown: str,
):
    """The mode only of a run that an operator started, and once if both have the same name."""
    run = Execution(
        "arn:aws:states:us-east-1:111122223333:express:deliver:name:run",
        0,
        input={"detail-type": "MessageSent", "detail": {}, **({"mode": mode} if mode else {})},
        status="SUCCEEDED",
        output={"outcome": outcome},
    )
    monkeypatch.setattr(Stage, "find", lambda *_, **__: deployed_stage())
    monkeypatch.setattr(RunLog, "omission", None)
    monkeypatch.setattr(RunLog, "troubled", lambda *_, **__: [])
    monkeypatch.setattr(RunLog, "newest", lambda *_, **__: [run])
    monkeypatch.setattr(sys, "argv", ["parley", "runs"])
    with pytest.raises(SystemExit):
        cli.main()
    [_, row] = capsys.readouterr().out.splitlines()
    assert row.rstrip().endswith(f"0/0  {shown}")
