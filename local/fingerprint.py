"""Tell whether anything that a deployment is made from has changed since the last one."""

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

DEPLOYED_FROM = (
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
# `.cache` is where the CDK CLI packs assets inside a cloud assembly.
IGNORED = {"__pycache__", ".cache", ".DS_Store", "node_modules", ".mypy_cache", ".pytest_cache"}


def files_below(root: Path, names: Iterable[str]) -> Iterator[Path]:
    """Every file among the names, and below those that are directories, in a fixed order."""
    for name in names:
        start = root / name
        if start.is_file():
            yield start
        elif start.is_dir():
            for path in sorted(start.rglob("*")):
                if path.is_file() and not IGNORED.intersection(path.relative_to(root).parts):
                    yield path


def fingerprint(root: Path, settings: Mapping[str, str], names: Iterable[str] = DEPLOYED_FROM) -> str:
    """A digest of the files' names and content, of the settings, and of the Python that would deploy them."""
    digest = hashlib.sha256()
    for key in sorted(settings):
        digest.update(f"{key}={settings[key]}\0".encode())
    digest.update(platform.python_version().encode())
    for path in files_below(root, names):
        digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_stale(built: Path, root: Path, sources: Iterable[str]) -> bool:
    """Whether a built file is missing or older than any of its sources."""
    if not built.exists():
        return True
    made = built.stat().st_mtime
    return any(path.stat().st_mtime > made for path in files_below(root, sources))
