"""Check the tools that the local stage needs, and build the UI when its build is stale."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from local.errors import LocalStageError
from local.fingerprint import is_stale

PYTHON = (3, 11)
NODE = "Node 22.12 or newer (20.19 works too)"
RECOMMENDED_NODE = 22
UI_SOURCES = (
    "ui/src",
    "ui/public",
    "ui/index.html",
    "ui/package.json",
    "ui/package-lock.json",
    "ui/vite.config.ts",
)
# Node 20 works; jsii and the AWS SDK would warn about its version at every start.
QUIET_NODE = {
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "1",
    "NODE_NO_WARNINGS": "1",
}


def check(repository: Path) -> str:
    """Require Python, Node and the pinned CDK CLI; return the versions of Python and Node, for display."""
    python_version = sys.version.split()[0]
    if sys.version_info < PYTHON:
        raise LocalStageError(
            f"Parley needs Python {PYTHON[0]}.{PYTHON[1]} or newer, and this is {python_version}: install it, "
            "delete .venv, and run `make setup`."
        )
    node = shutil.which("node")
    if node is None:
        raise LocalStageError(
            f"Parley needs {NODE}, and there is no `node` on the PATH: install it (https://nodejs.org)."
        )
    output = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    node_version = output.lstrip("v")
    if not supports_node(node_version):
        raise LocalStageError(
            f"Parley needs {NODE}, and the version of {node} is {node_version or 'unknown'}: "
            "install a newer one (https://nodejs.org)."
        )
    if not cdk_command(repository).exists():
        raise LocalStageError("The CDK CLI is not installed (node_modules/.bin/cdk): run `make setup`.")
    return f"Python {python_version}, Node {node_version}"


def supports_node(version: str) -> bool:
    """Whether the UI can be built with this version of Node: Vite requires ^20.19.0 || >=22.12.0."""
    try:
        major, minor = map(int, version.split(".")[:2])
    except ValueError:
        return False
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def cdk_command(repository: Path) -> Path:
    """The CDK CLI that the repository pins."""
    return repository / "node_modules" / ".bin" / "cdk"


def cdk_version(repository: Path) -> str:
    """The version of the installed CDK CLI."""
    package = repository / "node_modules" / "aws-cdk" / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def ui_is_stale(repository: Path) -> bool:
    """Whether the UI's build is missing or older than its sources; False in a copy without the UI."""
    has_sources = (repository / "ui" / "package.json").exists()
    return has_sources and is_stale(repository / "ui" / "dist" / "index.html", repository, UI_SOURCES)


def build_ui(repository: Path, log: Path) -> None:
    """Build the UI with its build script; install its packages first if they are missing."""
    ui = repository / "ui"
    commands = [["npm", "run", "--silent", "build"]]
    if not (ui / "node_modules").exists():
        commands.insert(0, ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    environment = {**os.environ, **QUIET_NODE}
    with log.open("w", encoding="utf-8") as stream:
        for command in commands:
            result = subprocess.run(
                command, cwd=ui, stdout=stream, stderr=subprocess.STDOUT, env=environment, check=False
            )
            if result.returncode:
                raise LocalStageError(f"Building the UI failed: {_first_error(log)} (full log: {log})")


def _first_error(log: Path) -> str:
    """The first line that mentions an error, else the last line."""
    lines = [
        line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
    ]
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no output")
