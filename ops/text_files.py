"""Read and write the operator's files. A file that cannot be used is an invalid argument.

What is written may contain texts and names of users, so that no other user of the machine may read a new file.
"""

import os
from pathlib import Path

from ops.errors import BadRequestError

OWNER_ONLY = 0o600


def read_lines(path: Path) -> list[str]:
    """The lines of a file in UTF-8. Raises BadRequestError.

    Only a line feed ends a line: JSON may contain the other separators of Unicode, such as U+2028.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadRequestError(f"Cannot read {path}: {reason}.") from None
    return text.removesuffix("\n").split("\n") if text else []


def append_line(path: Path, line: str) -> None:
    """Add a line to a file. Raises BadRequestError."""
    try:
        with open(path, "a", encoding="utf-8", opener=_for_owner) as file:
            file.write(line + "\n")
    except OSError as error:
        raise BadRequestError(f"Cannot write {path}: {error.strerror}.") from None


def create(path: Path, text: str) -> None:
    """Write a new file. Raises FileExistsError, and BadRequestError if it cannot be written."""
    try:
        _write_new(path, text)
    except FileExistsError:
        raise
    except OSError as error:
        raise BadRequestError(f"Cannot write {path}: {error.strerror}.") from None


def replace(path: Path, text: str) -> None:
    """Write a file, or replace it, atomically. Raises BadRequestError."""
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.unlink(missing_ok=True)
        _write_new(temporary, text)
        temporary.replace(path)
    except OSError as error:
        raise BadRequestError(f"Cannot write {path}: {error.strerror}.") from None


def _write_new(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8", opener=_for_owner) as file:
        file.write(text)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)
