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


class DamagedJournalError(Exception):
    """A line inside a segment is not an entry. A crash can leave only a segment's last line incomplete."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"line {line} is not an entry")
        self.path = path


class Journal:
    """The segments in one directory. Any thread may append."""

    def __init__(self, directory: Path, *, encode: Callable[[Any], Any] | None = None) -> None:
        self._directory = directory
        self._encode = encode
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        self._number = max(segment_numbers(directory), default=0) + 1
        self._file = self._open(self._number)
        self._file_bytes = 0
        self.segment_bytes = 0
        """The size of the entries in the current segment."""

    @staticmethod
    def entries(
        directory: Path, *, since: int = 0, decode: Callable[[dict[str, Any]], Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every entry of the segments from number `since`, oldest first. Raises DamagedJournalError.

        A last line that a crash left incomplete is skipped.
        """
        for number in segment_numbers(directory):
            if number < since:
                continue
            path = segment_path(directory, number)
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            for line_number, line in enumerate(lines, start=1):
                try:
                    entry = json.loads(line, object_hook=decode)
                except ValueError:
                    if line_number == len(lines):
                        break
                    raise DamagedJournalError(path, line_number) from None
                yield entry

    def read(
        self, decode: Callable[[dict[str, Any]], Any] | None = None, *, since: int = 0
    ) -> Iterator[dict[str, Any]]:
        """As `entries`, of this journal."""
        return self.entries(self._directory, since=since, decode=decode)

    def append(self, entry: dict[str, Any]) -> None:
        """Write one entry; when this returns, the entry survives the end of the process. Raises OSError.

        An entry that cannot be written whole, such as on a full disk, leaves nothing: the next one would be joined
        to its beginning, and neither could be read.
        """
        line = self._line(entry)
        with self._lock:
            try:
                _write(self._file, line)
            except OSError:
                os.ftruncate(self._file, self._file_bytes)
                raise
            self._file_bytes += len(line)
            self.segment_bytes += len(line)

    def begin_segment(self, carried_over: Callable[[], list[dict[str, Any]]] = list) -> int:
        """Begin a new segment with the entries that must outlast the old segments, and return its number."""
        with self._lock:
            following = self._open(self._number + 1)
            os.close(self._file)
            self._number, self._file = self._number + 1, following
            self._file_bytes = self.segment_bytes = 0
            for entry in carried_over():
                line = self._line(entry)
                _write(self._file, line)
                self._file_bytes += len(line)
            return self._number

    def drop_before(self, number: int) -> None:
        """Delete every segment older than `number`: a saved state contains their changes."""
        for older in segment_numbers(self._directory):
            if older < number:
                segment_path(self._directory, older).unlink(missing_ok=True)

    def _line(self, entry: dict[str, Any]) -> bytes:
        return json.dumps(entry, default=self._encode, separators=(",", ":")).encode() + b"\n"

    def _open(self, number: int) -> int:
        path = segment_path(self._directory, number)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _write(file: int, line: bytes) -> None:
    """Write all of a line: the system may take a part of it."""
    while line:
        line = line[os.write(file, line) :]


def segment_numbers(directory: Path) -> list[int]:
    """The numbers of the segments in a directory, in order."""
    return sorted(int(path.stem) for path in directory.glob("*.jsonl"))


def segment_path(directory: Path, number: int) -> Path:
    """The file of a segment."""
    return directory / f"{number:08d}.jsonl"
