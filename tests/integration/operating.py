"""The commands for operators, against the stage of the tests: in this process, which is quick, or as one."""

import contextlib
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from unittest import mock

from ops.commands import cli
from ops.stage.stage import Stage
from tests.local_stage import ROOT, TestStage
from tests.waiting import COMMAND_SECONDS, wait_until


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)


def ops(stage: TestStage, *arguments: str) -> Ran:
    """What `parley ARGUMENTS` does, in this process and about the stage of the tests."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["ops", *arguments]),
        mock.patch.object(Stage, "find", return_value=stage.stage),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return Ran(code, out.getvalue(), err.getvalue())


def ops_process(stage: TestStage, *arguments: str) -> Ran:
    """`parley ARGUMENTS` in a process of its own."""
    done = subprocess.run(
        [*command(stage), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def command(stage: TestStage) -> list[str]:
    """`parley`, told which stage."""
    where = ["--state-dir", str(stage.state_dir)] if stage.state_dir else ["--stage", stage.stage.name]
    return [sys.executable, "-m", "local.command_line", *where]


def until_followed(stage: TestStage, message_id: str) -> dict[str, Any]:
    """What `follow --json` says once the message's run is in the log and its trace complete."""

    def look() -> dict[str, Any]:
        ran = ops(stage, "follow", message_id, "--json")
        if ran.code != 0:
            return {}
        found: dict[str, Any] = ran.json
        names = {segment["name"] for trace in found["traces"] for segment in walk(trace["segments"])}
        has_ended = bool(found["runs"]) and found["runs"][0]["status"] != "RUNNING"
        return found if has_ended and "post frames" in names else {}

    return wait_until(look, f"the whole way of {message_id} was known", every=0.2)


def walk(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Segments and all below them."""
    return [each for segment in segments for each in (segment, *walk(segment["children"]))]
