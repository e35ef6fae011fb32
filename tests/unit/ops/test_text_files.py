"""The operator's files of lines: only a line feed ends a line, and a file that cannot be used is an error."""

from pathlib import Path

import pytest

from ops import text_files
from ops.errors import BadRequestError


@pytest.mark.parametrize("lines", [[], ["one"], ["one", "two"], ["next\x85line", "\u2028", "form\ffeed"]])
def test_lines_are_read_as_they_were_added(tmp_path: Path, lines: list[str]):
    """Also those with characters that end a line for Python."""
    (tmp_path / "f").touch()
    for line in lines:
        text_files.append_line(tmp_path / "f", line)
    assert text_files.read_lines(tmp_path / "f") == lines


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path):
    """With the reason."""
    (tmp_path / "f").write_bytes(b"\xff")
    with pytest.raises(BadRequestError, match=f"Cannot read {tmp_path}/f: it is not UTF-8 text."):
        text_files.read_lines(tmp_path / "f")
    with pytest.raises(BadRequestError, match=f"Cannot read {tmp_path}: Is a directory."):
        text_files.read_lines(tmp_path)
    with pytest.raises(BadRequestError, match=f"Cannot write {tmp_path}: Is a directory."):
        text_files.append_line(tmp_path, "one")
