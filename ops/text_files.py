"""Read and append to the operator's files of lines. A file that cannot be used is an invalid argument."""

from pathlib import Path

from ops.errors import BadRequestError


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
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise BadRequestError(f"Cannot write {path}: {error.strerror}.") from None
