"""What is sent to Lambda: the functions' code, and a layer with what it imports. No Docker.

Both are built below .build/, in folders named by the hash of what went in: an unchanged build costs nothing,
and two at once cannot spoil each other. What a function is, `chat_function` says.
"""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
FUNCTIONS = ROOT / "functions"
REQUIREMENTS = FUNCTIONS / "requirements.txt"

PYTHON_VERSION = "3.14"
LAMBDA_PLATFORM = "aarch64-manylinux2014"

# What the Lambda runtime holds: boto3 and what it brings. In a layer they would be 40 MB of the same.
HELD_BY_RUNTIME = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})


class PackagingError(Exception):
    """A package cannot be built. The message is a sentence that says what to do."""


def functions_package() -> Path:
    """A folder that holds the package `functions` and nothing else, so that its modules import by that name."""
    sources = sorted(
        path for path in FUNCTIONS.rglob("*.py") if "__pycache__" not in path.parts and "tests" not in path.parts
    )
    digest = hashlib.sha256()
    for path in sources:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FUNCTIONS).as_posix()} {len(content)}\n".encode())
        digest.update(content)

    def fill(folder: Path) -> None:
        for path in sources:
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())

    return _built_once(f"functions-{digest.hexdigest()[:16]}", fill)


def dependency_layer(target: Literal["lambda", "host"]) -> Path:
    """A folder with `python/`, the functions' dependencies for Lambda or for the Python that runs this.

    Raises PackagingError.
    """
    requirements = [line for line in REQUIREMENTS.read_text().splitlines() if _belongs_in_layer(line)]
    if target == "lambda":
        options = ["--python-platform", LAMBDA_PLATFORM, "--python-version", PYTHON_VERSION]
        built_for = f"{LAMBDA_PLATFORM} {PYTHON_VERSION}"
    else:
        options = ["--python", sys.executable]
        built_for = f"{sys.implementation.cache_tag} {platform.system()} {platform.machine()}"
    digest = hashlib.sha256("\n".join([built_for, *requirements]).encode())

    def fill(folder: Path) -> None:
        wanted = folder / "requirements.txt"
        wanted.write_text("\n".join(requirements) + "\n")
        packages = folder / "python"
        # The file lists every package with its version, so nothing is resolved again.
        command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", *options]
        command += ["--target", str(packages), "-r", str(wanted)]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise PackagingError(f"The functions' dependencies could not be installed:\n{outcome.stderr.strip()}")
        # Scripts hold this machine's paths, and no function runs them.
        shutil.rmtree(packages / "bin", ignore_errors=True)
        (packages / ".lock").unlink(missing_ok=True)
        wanted.unlink()

    return _built_once(f"layer-{target}-{digest.hexdigest()[:16]}", fill)


def _belongs_in_layer(line: str) -> bool:
    name = re.match(r"[A-Za-z0-9._-]+", line)
    return name is not None and name.group().lower() not in HELD_BY_RUNTIME


def _uv() -> str:
    """The uv of this environment, or else the one on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise PackagingError(
            "uv is missing, and the functions' dependencies are installed with it: run `make setup`, "
            "or `pip install uv`."
        )
    return found


def _built_once(name: str, fill: Callable[[Path], None]) -> Path:
    """The folder of that name, filled on first use: aside, then put in its place in one step."""
    built = BUILD / name
    if built.is_dir():
        return built
    BUILD.mkdir(exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=BUILD))
    try:
        fill(aside)
        aside.chmod(0o755)
        try:
            aside.rename(built)
        except OSError:
            # Somebody else was first, with the same content.
            if not built.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return built
