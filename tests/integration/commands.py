"""Runs `parley` commands on the stage under test, in this process, which is faster, or in a separate process."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

from ops.commands import cli
from ops.stage.stage import Stage
from tests.local_stage import ROOT, TestStage
from tests.waiting import COMMAND_SECONDS, wait_until


@dataclass(frozen=True)
class CommandResult:
    """A command's exit code and output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The parsed output of a command with `--json`."""
        return json.loads(self.out)


def run_ops(stage: TestStage, *arguments: str) -> CommandResult:
    """Run `parley ARGUMENTS` in this process, on the stage under test."""
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
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 0
    return CommandResult(code, out.getvalue(), err.getvalue())


def run_ops_process(
    stage: TestStage, *arguments: str, environment: Mapping[str, str] | None = None
) -> CommandResult:
    """Run `parley ARGUMENTS` as an operator does, in a separate process, with additions to the environment."""
    completed = subprocess.run(
        [*ops_command(stage), *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    return CommandResult(completed.returncode, completed.stdout, completed.stderr)


def ops_command(stage: TestStage) -> list[str]:
    """The command `parley` with the options that choose the stage."""
    where = ["--state-dir", str(stage.state_dir)] if stage.state_dir else ["--stage", stage.stage.name]
    return [sys.executable, "-m", "local.command_line", *where]


def wait_until_followed(stage: TestStage, message_id: str) -> dict[str, Any]:
    """The output of `follow --json`, as soon as the message's run has ended and its trace is complete."""

    def complete_report() -> dict[str, Any]:
        result = run_ops(stage, "follow", message_id, "--json")
        if result.code != 0:
            return {}
        followed: dict[str, Any] = result.json
        names = {segment["name"] for trace in followed["traces"] for segment in flatten(trace["segments"])}
        has_ended = bool(followed["runs"]) and followed["runs"][0]["status"] != "RUNNING"
        return followed if has_ended and "post frames" in names else {}

    return wait_until(complete_report, f"every step of {message_id} was logged and traced", every=0.2)


def flatten(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Segments and all of their descendants."""
    return [nested for segment in segments for nested in (segment, *flatten(segment["children"]))]
