"""`parley inspect` in a process, for a test."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.local_stage import ROOT
from tests.waiting import DEADLINE_SECONDS


@contextmanager
def inspected(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run `command` with `inspect` on a free port until the block ends. Yields the address that it prints.

    Its errors are in a file of the folder. Fails if there is a traceback.
    """
    errors = folder / "inspect.err"
    with (
        errors.open("w", encoding="utf-8") as stderr,
        subprocess.Popen(
            [*command, "inspect", "--port", "0"],
            cwd=ROOT,
            env=None if environment is None else dict(environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        assert process.stdout
        try:
            address = next((line.strip() for line in process.stdout if line.startswith("http://")), None)
            assert address, errors.read_text(encoding="utf-8")
            yield address
        finally:
            process.terminate()
            process.wait(DEADLINE_SECONDS)
    assert "Traceback" not in errors.read_text(encoding="utf-8")
