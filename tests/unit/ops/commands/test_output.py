"""What the commands print: whole ids in narrow terminals, one line a row in pipes, no control characters."""

import json

import pytest
from rich.text import Text

from ops.commands import output
from ops.models import UserAdded

COLUMNS = ("run", "message", "took", "")
ID = "0193a0b2-1111-7222-8333-444455556666"
REASON = "FAILED Parley.MalformedEvent: the text must be a string of at most 8192 characters"


def printed(capsys: pytest.CaptureFixture[str], reason: str = REASON) -> list[str]:
    """The lines of a table with two rows."""
    table = output.table(*COLUMNS, right=("took",), whole=("run", "message"))
    for run in ("first", "second"):
        table.add_row(run, ID, "12 ms", Text(reason, style="red"))
    output.console().print(table)
    return [Text.from_ansi(line).plain.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch):
    """A terminal without colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("terminal")
def test_a_wide_terminal_shows_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Sentences wrap within their column; ids do not."""
    monkeypatch.setenv("COLUMNS", "100")
    head, *rows = printed(capsys)
    assert head.split() == ["run", "message", "took"]
    assert sum(ID in row for row in rows) == 2
    assert len(rows) > 2
    assert all(len(row) <= 100 for row in rows)


@pytest.mark.usefixtures("terminal")
def test_a_narrow_terminal_shows_each_row_as_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """With every cell whole."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = printed(capsys)
    assert lines[:3] == ["run: first", f"message: {ID}", "took: 12 ms"]
    assert " ".join(lines[3:5]) == REASON
    assert lines[5:7] == ["", "run: second"]


def test_in_a_pipe_a_row_is_one_line(capsys: pytest.CaptureFixture[str]):
    """However long."""
    reason = "word " * 200
    lines = printed(capsys, reason)
    assert len(lines) == 3
    assert lines[1].endswith(reason.strip())


def test_in_a_pipe_a_sentence_is_one_line(capsys: pytest.CaptureFixture[str]):
    """However long."""
    output.console().print("word " * 200)
    assert len(capsys.readouterr().out.splitlines()) == 1


CONTROLS = ("\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "line\rover", "\u202eover", "\u2066in\u2069", "\x7f", "\x00")


@pytest.mark.parametrize("sent", CONTROLS)
def test_no_control_character_of_a_user_is_printed(sent: str, capsys: pytest.CaptureFixture[str]):
    """In a table and in a sentence."""
    output.console().print(f"text {sent} end")
    shown = "\n".join([capsys.readouterr().out.strip("\n"), *printed(capsys, sent)])
    assert not {character for character in shown if not character.isprintable()} - {"\n"}


@pytest.mark.parametrize("sent", CONTROLS)
def test_json_has_no_control_character_of_a_user_and_the_same_values(
    sent: str, capsys: pytest.CaptureFixture[str]
):
    """A terminal obeys those of C1 too. Other characters, such as emoji, are not escaped."""
    answer = UserAdded(username=f"zoë 🎉 {sent}")
    output.as_json(answer)
    document = capsys.readouterr().out
    output.as_json_line(answer)
    (line,) = capsys.readouterr().out.splitlines()
    for encoded in (document, line):
        assert not {character for character in encoded if not character.isprintable()} - {"\n"}
        assert "zoë 🎉" in encoded
        assert json.loads(encoded)["username"] == answer.username


def test_text_of_a_user_is_no_markup(capsys: pytest.CaptureFixture[str]):
    """Brackets and emoji names are shown as they were sent."""
    sent = "[red]not red[/red] :smile: [/closed]"
    output.console().print(sent)
    assert capsys.readouterr().out == f"{sent}\n"
    assert printed(capsys, sent)[1].endswith(sent)
