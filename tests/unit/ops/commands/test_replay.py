"""`parley replay` does not take a member who left for one whose row was lost."""

import json
import sys
from pathlib import Path

import pytest

from ops.commands import cli
from ops.errors import ExitCode
from ops.events import incident_file
from ops.events.bus_event import BusEvent
from ops.events.texts import Texts
from ops.runs import runner
from ops.runs.runner import RunResult
from ops.stage import tables
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import START_MS, at, membership_changed
from tests.unit.ops.lagging_archive import LaggingArchive
from tests.unit.ops.stages import deployed_stage

MINUTE_MS = 60_000
JOINED = membership_changed(True, offset_ms=MINUTE_MS)
NOT_STORED = {"outcome": "dry-run", "stored": None}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A deployed stage in which no membership is stored."""
    found = deployed_stage()
    monkeypatch.setattr(Stage, "find", lambda *_, **_options: found)
    monkeypatch.setattr(tables, "seqs", lambda *_: {})
    monkeypatch.setattr(runner, "run_event", lambda _, event, __: RunResult(event, True, NOT_STORED, None))
    return found


def compare(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[list[str], int]:
    """Run a dry run. Returns the verdicts that it found and the exit code."""
    monkeypatch.setattr(sys, "argv", ["parley", "replay", "--dry-run", "--json", *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    found = json.loads(capsys.readouterr().out)["found"]
    return [verdict for verdict, count in found.items() if count], int(end.value.code or 0)


@pytest.mark.parametrize(
    ("left_at_minute", "options", "verdict"),
    [
        (57, (), "superseded"),
        (30, ("--type", "MemberJoined"), "superseded"),
        (57, ("--type", "MemberJoined"), "superseded"),
        (None, (), "missing"),
    ],
    ids=["in the last ten minutes", "of a type that is left out", "both", "never"],
)
def test_a_member_who_left_is_not_missing(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left_at_minute: int | None,
    options: tuple[str, ...],
    verdict: str,
):
    """Also if the archive does not have the event yet, or the command does not select it: none is restored."""
    left: list[BusEvent] = []
    if left_at_minute is not None:
        left = [membership_changed(False, offset_ms=left_at_minute * MINUTE_MS)]
    LaggingArchive(monkeypatch, [JOINED, *left], now_ms=START_MS + 60 * MINUTE_MS)
    code = ExitCode.DIFFERENT if verdict == "missing" else ExitCode.DONE
    assert compare(monkeypatch, capsys, "--since", at(0), *options) == ([verdict], code)


@pytest.mark.parametrize(("exported_from", "verdict"), [("tests", "superseded"), ("another", "missing")])
def test_a_member_who_left_after_an_export_is_not_missing(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    exported_from: str,
    verdict: str,
):
    """If the file is of the same stage. The archive of another stage does not say who left."""
    file = tmp_path / "incident.jsonl"
    incident_file.write(file, [JOINED], {}, stage=exported_from, redact=(), opened=Texts(stage).opened)
    left = [membership_changed(False, offset_ms=30 * MINUTE_MS)] if exported_from == stage.name else []
    LaggingArchive(monkeypatch, [JOINED, *left], now_ms=START_MS + 600 * MINUTE_MS)
    verdicts, _ = compare(monkeypatch, capsys, "--from-file", str(file))
    assert verdicts == [verdict]
