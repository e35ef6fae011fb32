"""Build the assets of the functions: their code, and a layer with their dependencies. Without Docker.

Both are built in folders of .build/ that are named by a hash of their inputs, so an unchanged asset is not built
again, and concurrent builds do not interfere. Assets for Lambda contain bytecode, if this machine has a Python of
Lambda's version to compile it.
"""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
FUNCTIONS = ROOT / "functions"
REQUIREMENTS = FUNCTIONS / "requirements.txt"

PYTHON_VERSION = "3.14"
LAMBDA_PLATFORM = "aarch64-manylinux2014"

# The Lambda runtime contains boto3 and its dependencies. In the layer they would take another 40 MB.
IN_RUNTIME = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})

Target = Literal["lambda", "host"]
# Where Lambda unpacks the assets: the paths in tracebacks.
PACKAGE_ROOT, LAYER_ROOT = "/var/task", "/opt"
INTERPRETER = "import sys; print(sys.implementation.name, sys.version_info.releaselevel, sys.version_info[:2])"


class PackagingError(Exception):
    """An asset cannot be built. The message says what to do."""


def functions_package(target: Target) -> Path:
    """Return a folder that contains only the package `functions`, whose modules are imported by that name.

    Raises PackagingError.
    """
    sources = sorted(
        path for path in FUNCTIONS.rglob("*.py") if "__pycache__" not in path.parts and "tests" not in path.parts
    )
    compiler = _compiler(target)
    digest = hashlib.sha256(b"with bytecode" if compiler else b"")
    for path in sources:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(FUNCTIONS).as_posix()} {len(content)}\n".encode())
        digest.update(content)

    def fill(folder: Path) -> None:
        for path in sources:
            copy = folder / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        if compiler:
            compile_bytecode(folder, compiler, root=PACKAGE_ROOT)

    return _build_once(f"functions-{digest.hexdigest()[:16]}", fill)


def dependency_layer(target: Target) -> Path:
    """Return a folder whose `python/` contains the functions' dependencies, for Lambda or for the running Python.

    Raises PackagingError.
    """
    requirements = [line for line in REQUIREMENTS.read_text().splitlines() if _belongs_in_layer(line)]
    if target == "lambda":
        options = ["--python-platform", LAMBDA_PLATFORM, "--python-version", PYTHON_VERSION]
        built_for = f"{LAMBDA_PLATFORM} {PYTHON_VERSION}"
    else:
        options = ["--python", sys.executable]
        built_for = f"{sys.implementation.cache_tag} {platform.system()} {platform.machine()}"
    compiler = _compiler(target)
    if compiler:
        built_for += " with bytecode"
    digest = hashlib.sha256("\n".join([built_for, *requirements]).encode())

    def fill(folder: Path) -> None:
        listed = folder / "requirements.txt"
        listed.write_text("\n".join(requirements) + "\n")
        packages = folder / "python"
        # The file lists all packages with their versions, so dependencies need not be resolved.
        command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", *options]
        command += ["--target", str(packages), "-r", str(listed)]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        if outcome.returncode != 0:
            raise PackagingError(f"uv could not install the functions' dependencies:\n{outcome.stderr.strip()}")
        # Scripts contain paths of this machine, and no function runs them.
        shutil.rmtree(packages / "bin", ignore_errors=True)
        (packages / ".lock").unlink(missing_ok=True)
        listed.unlink()
        if compiler:
            compile_bytecode(folder, compiler, root=LAYER_ROOT)

    return _build_once(f"layer-{target}-{digest.hexdigest()[:16]}", fill)


def compile_bytecode(folder: Path, python: str, *, root: str) -> None:
    """Compile the modules in a folder that Lambda unpacks at `root`. Raises PackagingError.

    The bytecode is never compared with its source: Lambda changes neither, and without this Python would compare
    the times of the files, which differ after unpacking, and compile at every cold start.
    """
    command = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(folder), "-p", root, str(folder)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise PackagingError(f"The modules could not be compiled:\n{(outcome.stdout + outcome.stderr).strip()}")


def _compiler(target: Target) -> str | None:
    """Return the Python that compiles an asset for Lambda, None for the host, or if this machine has none."""
    return find_compiler() if target == "lambda" else None


@cache
def find_compiler() -> str | None:
    """Return a released CPython of Lambda's version on this machine, or None. Says so once, on standard error.

    Nothing is downloaded, so that a synthesis needs no network.
    """
    command = [_uv(), "python", "find", "--no-project", "--no-python-downloads", PYTHON_VERSION]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    python = found.stdout.strip()
    if found.returncode == 0 and python:
        about = subprocess.run([python, "-I", "-c", INTERPRETER], capture_output=True, text=True, check=False)
        if about.stdout.split(" ", 2) == ["cpython", "final", f"({PYTHON_VERSION.replace('.', ', ')})\n"]:
            return python
    sys.stderr.write(
        f"Python {PYTHON_VERSION} is not installed, so the functions are deployed without bytecode and start more "
        f"slowly when cold. `.venv/bin/uv python install {PYTHON_VERSION}` installs it.\n"
    )
    return None


def _belongs_in_layer(line: str) -> bool:
    name = re.match(r"[A-Za-z0-9._-]+", line)
    return name is not None and name.group().lower() not in IN_RUNTIME


def _uv() -> str:
    """Return the path of uv: in this virtual environment, or on the PATH. Raises PackagingError."""
    installed = Path(sys.executable).with_name("uv")
    path = str(installed) if installed.exists() else shutil.which("uv")
    if path is None:
        raise PackagingError(
            "uv is missing; it installs the functions' dependencies. Run `make setup` or `pip install uv`."
        )
    return path


def _build_once(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder with this name. If it does not exist, fill a temporary folder and rename it."""
    built = BUILD / name
    if built.is_dir():
        return built
    BUILD.mkdir(exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=BUILD))
    try:
        fill(temporary)
        temporary.chmod(0o755)
        try:
            temporary.rename(built)
        except OSError:
            # A concurrent build, with the same content, was first.
            if not built.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return built
