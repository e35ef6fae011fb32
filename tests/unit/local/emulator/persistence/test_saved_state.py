"""A state is saved as a whole, and a damaged one is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.emulator.persistence.journal import Journal
from local.emulator.persistence.saved_state import DamagedStateError, SavedState


def content(directory: Path) -> dict[str, Any]:
    """The saved state of each service in a directory."""
    return {path.stem: json.loads(path.read_text()) for path in directory.glob("*.json")}


def fail() -> Any:
    """A service whose state cannot be read."""
    raise RuntimeError("dictionary changed size during iteration")


def test_a_failed_save_changes_no_file(tmp_path: Path):
    """The services before the failing one keep their last good state too."""
    saved = SavedState(tmp_path)
    saved.save_all({"sqs": lambda: {"queues": 1}, "dynamodb": lambda: {"tables": 1}}, segment=7)
    before = content(saved.directory)
    with pytest.raises(RuntimeError, match="changed size"):
        saved.save_all({"sqs": lambda: {"queues": 2}, "dynamodb": fail}, segment=8)
    assert content(saved.directory) == before
    assert saved.segment() == 7


def test_the_save_before_the_last_is_kept(tmp_path: Path):
    """With the number of the first segment of the journal that comes after it."""
    saved = SavedState(tmp_path)
    saved.save_all({"sqs": lambda: {"queues": 1}, "unused": lambda: None}, segment=7)
    first = content(saved.directory)
    saved.save_all({"sqs": lambda: {"queues": 2}}, segment=8)
    assert content(saved.previous) == first
    assert content(saved.directory)["sqs"]["payload"] == {"queues": 2}
    saved.check()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path):
    """Nothing is changed, and the message names the directory with the save before it."""
    saved = SavedState(tmp_path)
    saved.save_all({"dynamodb": lambda: {"tables": 1}})
    damaged = saved.directory / "dynamodb.json"
    damaged.write_text(damaged.read_text()[:-9])
    with pytest.raises(DamagedStateError, match=rf"{damaged} cannot be read .*copy the files of {saved.previous}"):
        saved.check()


@pytest.mark.parametrize("kept", [0, 9], ids=["empty", "cut off inside a line"])
def test_a_segment_that_lost_its_end_is_named_with_what_to_do(tmp_path: Path, kept: int):
    """After a clean stop no segment is incomplete. Without the segment, the saved state is used."""
    saved = SavedState(tmp_path)
    Journal(saved.journal).append({"number": 1})
    saved.save_all({"dynamodb": lambda: {"tables": 1}})
    saved.check()
    [segment] = saved.journal.iterdir()
    segment.write_bytes(segment.read_bytes()[:kept])
    with pytest.raises(DamagedStateError, match=rf"{segment} cannot be read \(it has lost its end.* move it"):
        saved.check()
    segment.unlink()
    saved.check()


def test_a_crash_may_leave_the_newest_segment_incomplete(tmp_path: Path):
    """A save while the emulator runs records the segments before the newest one only."""
    saved = SavedState(tmp_path)
    journal = Journal(saved.journal)
    journal.append({"number": 1})
    newest = journal.begin_segment()
    journal.append({"number": 2})
    saved.save_all({"dynamodb": lambda: {"tables": 1}}, segment=newest)
    segment = saved.journal / f"{newest:08d}.jsonl"
    segment.write_bytes(segment.read_bytes()[:-3])
    saved.check()
