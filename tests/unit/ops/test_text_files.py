"""The operator's files of lines: only a line feed ends a line, and a file that cannot be used is an error."""

import os
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
    with pytest.raises(BadRequestError, match=f"Cannot write {tmp_path}: Is a directory."):
        text_files.replace(tmp_path, "one")
    with pytest.raises(BadRequestError, match=f"Cannot write {tmp_path}/none/f: No such file or directory."):
        text_files.replace(tmp_path / "none" / "f", "one")


def test_only_the_operator_can_read_what_is_written(tmp_path: Path):
    """Nor after a file that others can read is replaced; what an interrupted command left is replaced too."""
    before = os.umask(0o022)
    try:
        text_files.append_line(tmp_path / "added", "one")
        (tmp_path / "f").write_text("before")
        (tmp_path / "f.new").write_text("half")
        text_files.replace(tmp_path / "f", "after")
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"added": 0o600, "f": 0o600}
    assert (tmp_path / "f").read_text() == "after"
