"""Detect whether the inputs of a deployment or of a build have changed since the last one."""

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

DEPLOYMENT_INPUTS = (
    "app.py",
    "cdk.json",
    "requirements.txt",
    "package.json",
    "package-lock.json",
    "stacks",
    "functions",
    "workflows",
    "ui/dist",
    "local/emulator",
)
# The CDK CLI packs assets into `.cache` inside a cloud assembly.
IGNORED = {"__pycache__", ".cache", ".DS_Store", "node_modules", ".mypy_cache", ".pytest_cache"}


def files_below(root: Path, names: Iterable[str]) -> Iterator[Path]:
    """The files of these names, and all files below those that are directories, in a fixed order."""
    for name in names:
        start = root / name
        if start.is_file():
            yield start
        elif start.is_dir():
            for path in sorted(start.rglob("*")):
                if path.is_file() and not IGNORED.intersection(path.relative_to(root).parts):
                    yield path


def fingerprint(root: Path, settings: Mapping[str, str], names: Iterable[str] = DEPLOYMENT_INPUTS) -> str:
    """A SHA-256 digest of the files' names and contents, the settings and the version of Python."""
    digest = hashlib.sha256()
    for key in sorted(settings):
        digest.update(f"{key}={settings[key]}\0".encode())
    digest.update(platform.python_version().encode())
    for path in files_below(root, names):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_stale(output: Path, root: Path, sources: Iterable[str]) -> bool:
    """Whether a build's output file is missing or older than any of its sources."""
    if not output.exists():
        return True
    built_at = output.stat().st_mtime
    return any(path.stat().st_mtime > built_at for path in files_below(root, sources))
