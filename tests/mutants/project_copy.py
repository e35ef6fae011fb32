"""A copy of the project, in which a file can be changed: for mutants that need a deployment of their own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.local_stage import ROOT
from tests.mutants.python import PythonChange

# Made from the same files, too large to copy, and changed by no mutant.
SHARED = (".venv", "node_modules", "ui/node_modules", "ui/dist")


@contextmanager
def project_copy() -> Iterator[Path]:
    """The files under version control as they are in the working tree, in a folder that is removed afterwards."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        copy = Path(folder)
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for name in SHARED:
            (copy / name).symlink_to(ROOT / name)
        yield copy


@contextmanager
def changed(copy: Path, change: PythonChange) -> Iterator[None]:
    """The copy with a change, until the block ends. Raises MutationError."""
    file = copy / change.file
    original = file.read_text()
    file.write_text(change.applied(copy))
    try:
        yield
    finally:
        file.write_text(original)
