"""Save the state as a whole, keep the save before it, and refuse a start from a damaged one.

AWS never answers with an empty table because a file was damaged. MiniStack (`core.persistence`) writes one file
per service, logs a failure to write one and goes on; when a file cannot be read, it starts with an empty service,
and the next save overwrites what was left. This addition writes all files or none, keeps those of the save before,
and refuses a start from files that cannot be read, with a message that names the file and says how to go back.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.emulator import patching
from local.emulator.persistence.journal import DamagedJournalError, Journal, segment_numbers, segment_path

SEGMENT = "journal-segment.json"
SIZES = "journal-sizes.json"
"""The size of each segment of the journal that was complete when the state was saved."""


class DamagedStateError(Exception):
    """A file of the saved state cannot be read. The message names it and says what to do."""


class SavedState:
    """The directory `services` of an emulator's state, and `services.previous` with the save before it."""

    def __init__(self, state_directory: Path) -> None:
        self.directory = state_directory / "services"
        self.previous = state_directory / "services.previous"
        self.journal = state_directory / "journal"

    def check(self) -> None:
        """Raise DamagedStateError unless every file of the saved state and of the journal can be read."""
        for path in sorted(self.directory.glob("*.json")):
            try:
                json.loads(path.read_bytes())
            except (ValueError, OSError) as error:
                raise DamagedStateError(self._what_to_do(path, str(error))) from None
        try:
            for _ in Journal.entries(self.journal, since=self.segment()):
                pass
        except DamagedJournalError as damage:
            raise DamagedStateError(self._without_segment(damage.path, str(damage))) from None
        self._check_sizes()

    def _check_sizes(self) -> None:
        """Raise DamagedStateError if a segment has lost its end. Only a crash may leave a line incomplete."""
        sizes = self.directory / SIZES
        for number, size in json.loads(sizes.read_text()).items() if sizes.exists() else ():
            path = segment_path(self.journal, int(number))
            if int(number) >= self.segment() and path.exists() and path.stat().st_size < size:
                raise DamagedStateError(self._without_segment(path, f"it has lost its end: it had {size} bytes"))

    def install(self) -> None:
        """Replace MiniStack's function that writes the state."""
        patching.replace("app", "save_all", self.save_all)

    def segment(self) -> int:
        """The first segment of the journal with changes that the saved state lacks; 0 if it is not known."""
        path = self.directory / SEGMENT
        return int(json.loads(path.read_text())) if path.exists() else 0

    def save_all(self, services: Mapping[str, Callable[[], Any]], *, segment: int | None = None) -> None:
        """Write the state of each service, or change nothing and raise what failed.

        A service whose state is None has not been used; its file stays. `segment` is the first segment of the
        journal whose changes come after this state.
        """
        persistence = patching.module("core.persistence")
        files: dict[str, Any] = {}
        for service, state_of in services.items():
            state = state_of()
            if state is not None:
                version = persistence._state_format_version(service)
                files[f"{service}.json"] = {"__ministack_format__": version, "payload": state}
        if segment is not None:
            files[SEGMENT] = segment
        # A save at the end, without a segment, is the last one: no segment gets more entries.
        files[SIZES] = {
            number: segment_path(self.journal, number).stat().st_size
            for number in segment_numbers(self.journal)
            if segment is None or number < segment
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            # Not json.dump, which encodes in Python: it takes ten times as long.
            text = json.dumps(content, default=persistence._json_default)
            _unfinished(self.directory / name).write_text(text)
        self._keep_previous()
        for name in files:
            _unfinished(self.directory / name).replace(self.directory / name)

    def _keep_previous(self) -> None:
        """Make `previous` hold the files that the save replaces: links, or copies where links are not possible."""
        self.previous.mkdir(exist_ok=True)
        for path in self.directory.glob("*.json"):
            kept = self.previous / path.name
            kept.unlink(missing_ok=True)
            try:
                os.link(path, kept)
            except OSError:
                shutil.copyfile(path, kept)

    def _what_to_do(self, path: Path, reason: str) -> str:
        return (
            f"The saved state is damaged: {path} cannot be read ({reason}). Nothing was changed. To go back to "
            f"the save before it, copy the files of {self.previous} to {self.directory}; the journal has the "
            "changes since. To start with no data, start with --fresh."
        )

    def _without_segment(self, path: Path, reason: str) -> str:
        return (
            f"The saved state is damaged: {path} cannot be read ({reason}). Nothing was changed. To start without "
            "the changes that only this file has, move it to another directory: after a stop, the saved state has "
            "them all. To start with no data, start with --fresh."
        )


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")
