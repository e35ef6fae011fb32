"""Check that what the local stage is started with is there, and build the UI when it is stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.errors import LocalStageError
from local.fingerprint import is_stale

PYTHON = (3, 11)
NODE = 20
RECOMMENDED_NODE = 22
UI_SOURCES = (
    "ui/src",
    "ui/public",
    "ui/index.html",
    "ui/package.json",
    "ui/package-lock.json",
    "ui/vite.config.ts",
)
# Node 20 serves; jsii and the AWS SDK warn of it at every start, which helps nobody here.
QUIET_NODE = {
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "1",
    "NODE_NO_WARNINGS": "1",
}


def check(repository: Path) -> str:
    """Require Python, Node and the pinned CDK CLI; hand back what was found, for a person."""
    if sys.version_info < PYTHON:
        raise LocalStageError(
            f"Parley needs Python {PYTHON[0]}.{PYTHON[1]} or newer; this is {sys.version.split()[0]}."
        )
    node = shutil.which("node")
    if node is None:
        raise LocalStageError(f"Parley needs Node {NODE} or newer, and there is no `node` on the PATH.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < NODE:
        raise LocalStageError(f"Parley needs Node {NODE} or newer; {node} is {version or 'of no known version'}.")
    if not cdk_command(repository).exists():
        raise LocalStageError("The CDK CLI is not installed (node_modules/.bin/cdk): run `make setup`.")
    return f"Python {sys.version.split()[0]}, Node {version.lstrip('v')}"


def cdk_command(repository: Path) -> Path:
    """The CDK CLI that the repository pins."""
    return repository / "node_modules" / ".bin" / "cdk"


def ui_is_stale(repository: Path) -> bool:
    """Whether there is a UI to build, and its build is missing or older than its sources."""
    has_sources = (repository / "ui" / "package.json").exists()
    return has_sources and is_stale(repository / "ui" / "dist" / "index.html", repository, UI_SOURCES)


def build_ui(repository: Path, log: Path) -> None:
    """Build the UI with its own build script, installing its packages when they are missing."""
    ui = repository / "ui"
    commands = [["npm", "run", "--silent", "build"]]
    if not (ui / "node_modules").exists():
        commands.insert(0, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    with log.open("w") as output:
        for command in commands:
            ended = subprocess.run(
                command,
                cwd=ui,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **QUIET_NODE},
                check=False,
            )
            if ended.returncode:
                output.flush()
                lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
                shown = next(
                    (line for line in lines if "error" in line.lower()), lines[-1] if lines else "no output"
                )
                raise LocalStageError(f"Building the UI failed: {shown.strip()} (full log: {log})")
