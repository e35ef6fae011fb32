"""Unpack the zip archives of functions and layers."""

import hashlib
import io
import os
import shutil
import tempfile
import threading
import time
import zipfile
from pathlib import Path

UNPACKED_SECONDS = 7 * 24 * 3600


class UnpackedArchives:
    """Zip archives unpacked once per content, so that workers and restarts share the files and their bytecode."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        # The archive is kept with its path, so that no other object gets its id.
        self._unpacked: dict[int, tuple[bytes, Path]] = {}
        directory.mkdir(parents=True, exist_ok=True)
        for entry in directory.iterdir():
            if time.time() - entry.stat().st_mtime > UNPACKED_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)

    def path_of(self, archive: bytes) -> Path:
        """The directory with the files of an archive, which are unpacked at the first call."""
        with self._lock:
            entry = self._unpacked.get(id(archive))
            if entry is not None and entry[1].exists():
                return entry[1]
            target = self._directory / hashlib.sha256(archive).hexdigest()[:32]
            if not target.exists():
                self._unpack(archive, target)
            os.utime(target)
            self._unpacked[id(archive)] = (archive, target)
            return target

    def _unpack(self, archive: bytes, target: Path) -> None:
        unfinished = Path(tempfile.mkdtemp(dir=self._directory, prefix="unpacking-"))
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(unfinished)
        unfinished.rename(target)
