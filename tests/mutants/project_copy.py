"""Copies the project, so that a mutant can be applied to the copy: unit tests import it, other tests deploy it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.local_stage import ROOT
from tests.mutants.python import PythonChange
from tests.mutants.workflow import WorkflowChange

# Linked, not copied: these folders are large, and no mutant changes them.
SHARED = (".venv", "node_modules", "ui/node_modules", "ui/dist")


@contextmanager
def project_copy() -> Iterator[Path]:
    """A temporary copy of the tracked files, as they are in the working tree."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        copy = Path(folder)
        for name in filter(None, tracked.stdout.split("\0")):
            if (ROOT / name).is_file():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, copy / name)
        for name in SHARED:
            (copy / name).symlink_to(ROOT / name)
        yield copy


@contextmanager
def with_change(copy: Path, change: PythonChange | WorkflowChange) -> Iterator[None]:
    """Apply a change to the copy until the block ends. Raises MutationError."""
    file = copy / change.file
    original = file.read_text()
    file.write_text(change.applied(copy))
    try:
        yield
    finally:
        file.write_text(original)
