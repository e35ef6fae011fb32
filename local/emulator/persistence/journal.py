"""A write-ahead journal: what was acknowledged since the last saved state, line by line, in files of its own.

A line is in the hands of the operating system before its writer goes on, so it outlives `kill -9` (not a power
cut: nothing is synced to the disk). Segments are numbered; whoever has saved a whole picture of the state begins
a new segment before it and drops the older ones after it. What the lines mean, `durability` says.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Journal:
    """The segments of one directory; appending is safe from any thread."""

    def __init__(self, directory: Path, *, encode: Callable[[Any], Any] | None = None) -> None:
        self._directory = directory
        self._encode = encode
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._number = max(self._numbers(), default=0) + 1
        self._file = self._open(self._number)

    def read(self, decode: Callable[[dict[str, Any]], Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every whole line of every segment, oldest first; a line that a crash cut short is left out."""
        for number in self._numbers():
            for line in self._path(number).read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    yield json.loads(line, object_hook=decode)
                except ValueError:
                    continue

    def append(self, entry: dict[str, Any]) -> None:
        """Write one line; when this returns, it outlives the process."""
        line = json.dumps(entry, default=self._encode, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            os.write(self._file, line)

    def begin_segment(self, carried: Callable[[], list[dict[str, Any]]] = list) -> int:
        """Begin a new segment with what must not be dropped with the old ones; hand back its number."""
        with self._lock:
            os.close(self._file)
            self._number += 1
            self._file = self._open(self._number)
            for entry in carried():
                line = json.dumps(entry, default=self._encode, separators=(",", ":")).encode() + b"\n"
                os.write(self._file, line)
            return self._number

    def drop_before(self, number: int) -> None:
        """Forget every segment older than that one: a saved state holds what they held."""
        for older in self._numbers():
            if older < number:
                self._path(older).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob("*.jsonl"))

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:08d}.jsonl"

    def _open(self, number: int) -> int:
        return os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
