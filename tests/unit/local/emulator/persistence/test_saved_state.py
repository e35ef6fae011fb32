"""A state is saved as a whole, and a damaged one is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

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
