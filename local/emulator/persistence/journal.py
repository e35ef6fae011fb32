"""A write-ahead journal of the changes since the last saved state: JSON lines in numbered segment files.

`append` returns when the operating system has the line, so the line survives `kill -9`. It may be lost in a power
failure, because nothing is synced to the disk. Code that saves the state begins a new segment before it and drops
the older segments after it. `durability` defines the entries.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Journal:
    """The segments in one directory. Any thread may append."""

    def __init__(self, directory: Path, *, encode: Callable[[Any], Any] | None = None) -> None:
        self._directory = directory
        self._encode = encode
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._number = max(self._numbers(), default=0) + 1
        self._file = self._open(self._number)

    def read(self, decode: Callable[[dict[str, Any]], Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every entry of every segment, oldest first; a line that a crash left incomplete is skipped."""
        for number in self._numbers():
            for line in self._path(number).read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    yield json.loads(line, object_hook=decode)
                except ValueError:
                    continue

    def append(self, entry: dict[str, Any]) -> None:
        """Write one entry; when this returns, the entry survives the end of the process."""
        line = self._line(entry)
        with self._lock:
            os.write(self._file, line)

    def begin_segment(self, carried_over: Callable[[], list[dict[str, Any]]] = list) -> int:
        """Begin a new segment with the entries that must outlast the old segments, and return its number."""
        with self._lock:
            os.close(self._file)
            self._number += 1
            self._file = self._open(self._number)
            for entry in carried_over():
                os.write(self._file, self._line(entry))
            return self._number

    def drop_before(self, number: int) -> None:
        """Delete every segment older than `number`: a saved state contains their changes."""
        for older in self._numbers():
            if older < number:
                self._path(older).unlink(missing_ok=True)

    def _line(self, entry: dict[str, Any]) -> bytes:
        return json.dumps(entry, default=self._encode, separators=(",", ":")).encode() + b"\n"

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob("*.jsonl"))

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:08d}.jsonl"

    def _open(self, number: int) -> int:
        return os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
