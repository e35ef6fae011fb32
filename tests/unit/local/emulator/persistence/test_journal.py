"""The journal is read after a crash and cut by a save."""

import errno
import os
from pathlib import Path

import pytest

from local.emulator.persistence.journal import DamagedJournalError, Journal


def test_an_incomplete_line_is_skipped(tmp_path: Path):
    """The lines before it and those of the next process are read."""
    journal = Journal(tmp_path)
    journal.append({"number": 1})
    (segment,) = tmp_path.iterdir()
    with segment.open("a") as file:
        file.write('{"number": 2, "te')
    next_journal = Journal(tmp_path)
    next_journal.append({"number": 3})
    assert [entry["number"] for entry in next_journal.read()] == [1, 3]


def test_segments_before_a_saved_state_are_dropped(tmp_path: Path):
    """Entries that must outlast the save are carried over to the new segment."""
    journal = Journal(tmp_path)
    journal.append({"number": 1})
    segment = journal.begin_segment(lambda: [{"number": 2}])
    journal.append({"number": 3})
    journal.drop_before(segment)
    assert [entry["number"] for entry in Journal(tmp_path).read()] == [2, 3]


def test_a_damaged_line_inside_a_segment_is_an_error(tmp_path: Path):
    """A crash leaves only a last line incomplete, so anything else is damage, and it is named."""
    journal = Journal(tmp_path)
    journal.append({"number": 1})
    journal.append({"number": 2})
    (segment,) = tmp_path.iterdir()
    segment.write_text(segment.read_text().replace('{"number":1}', '{"number'))
    with pytest.raises(DamagedJournalError, match="line 1 is not an entry") as damage:
        list(Journal.entries(tmp_path))
    assert damage.value.path == segment


def test_entries_that_a_saved_state_contains_are_not_read(tmp_path: Path):
    """The older segments are for the save before it."""
    journal = Journal(tmp_path)
    journal.append({"number": 1})
    segment = journal.begin_segment()
    journal.append({"number": 2})
    assert [entry["number"] for entry in journal.read(since=segment)] == [2]


def test_an_entry_that_does_not_fit_on_the_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The system takes a part of the line and then refuses. Later entries are read."""
    journal = Journal(tmp_path)
    journal.begin_segment(lambda: [{"number": 0}])
    journal.append({"number": 1})
    written = os.write
    sizes = iter([3])

    def write(file: int, line: bytes) -> int:
        for size in sizes:
            return written(file, line[:size])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space left"):
            journal.append({"number": 2})
    journal.append({"number": 3})
    assert [entry["number"] for entry in journal.read()] == [0, 1, 3]


def test_a_segment_that_cannot_be_begun_leaves_the_one_before_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Such as with too many open files."""
    journal = Journal(tmp_path)

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as full:
        full.setattr(os, "open", refuse)
        with pytest.raises(OSError, match="Too many"):
            journal.begin_segment()
    journal.append({"number": 1})
    assert [entry["number"] for entry in journal.read()] == [1]
