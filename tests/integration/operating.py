"""The commands for operators, as a process, against the stage of the tests."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from tests.local_stage import ROOT, TestStage

SECONDS = 120


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
    """`python -m ops ARGUMENTS`, about the stage of the tests."""
    done = subprocess.run(
        [*command(stage), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def command(stage: TestStage) -> list[str]:
    """`python -m ops`, told which stage."""
    where = ["--state-dir", str(stage.state_dir)] if stage.state_dir else ["--stage", stage.stage.name]
    return [sys.executable, "-m", "ops", *where]


def until_followed(stage: TestStage, message_id: str) -> dict[str, Any]:
    """What `follow --json` says once the message's run is in the log and its trace complete."""
    deadline = time.monotonic() + 20
    while True:
        ran = ops(stage, "follow", message_id, "--json")
        if ran.code == 0:
            found: dict[str, Any] = ran.json
            names = {segment["name"] for trace in found["traces"] for segment in walk(trace["segments"])}
            if found["runs"] and found["runs"][0]["status"] != "RUNNING" and "post frames" in names:
                return found
        assert time.monotonic() < deadline, f"not followed: {ran.code} {ran.err} {ran.out[:500]}"
        time.sleep(0.3)


def walk(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Segments and all below them."""
    return [each for segment in segments for each in (segment, *walk(segment["children"]))]
