"""Words that docs/glossary.md lists under "Names that are not used" do not occur in code and documents.

The table's third column lists the words and phrases to check. They match in any case, and as parts of identifiers:
`nobody` matches `test_nobody_is_found` and `NobodyError`. Words that depend on context are not in that column.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
GLOSSARY = ROOT / "docs" / "glossary.md"

CHECKED = (".",)
"""The checked folders, with their subfolders; `"."` is everything."""

ALLOWED: dict[tuple[str, str], str] = {
    ("local/deployment.py", "tell"): "the method of a file",
    ("functions/contract/session.py", "somebody"): "the name shown for a user whose name has no visible character",
    ("tests/unit/functions/contract/test_session.py", "somebody"): "the same name",
}
"""The reason why a word may occur in a file or folder, by (path, word)."""

TEXT_FILES = {".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".toml", ".ts", ".tsx", ".yaml", ".yml"}
SKIPPED_FOLDERS = {"__pycache__", "artefacts", "cdk.out", "dist", "node_modules", "results"}
SKIPPED_FILES = {"CHANGELOG.md", "docs/glossary.md", "tests/unit/docs/test_plain_words.py"}
TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def forbidden_words() -> dict[str, str]:
    """The replacement of each word or phrase in the third column of the glossary's table."""
    section = GLOSSARY.read_text(encoding="utf-8").partition("## Names that are not used")[2]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return {word: row[1].strip() for row in rows for word in re.findall(r"`([^`]+)`", row[2])}


def files() -> Iterator[Path]:
    """The text files of the checked folders."""
    for checked in CHECKED:
        for folder, folders, names in os.walk(ROOT / checked):
            here = Path(folder)
            folders[:] = sorted(
                name
                for name in folders
                if name not in SKIPPED_FOLDERS and (not name.startswith(".") or name == ".github")
            )
            for name in sorted(names):
                is_text = Path(name).suffix in TEXT_FILES or name == "Makefile"
                if is_text and not name.endswith("-lock.json") and path_of(here / name) not in SKIPPED_FILES:
                    yield here / name


def path_of(path: Path) -> str:
    """A path relative to the repository."""
    return path.relative_to(ROOT).as_posix()


def occurrences(text: str, words: dict[str, str]) -> Iterator[tuple[int, str]]:
    """(line number, word) of every forbidden word in a text."""
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = " ".join(TOKEN.findall(line)).lower()
        yield from ((number, word) for word in pattern.findall(tokens))


@cache
def all_occurrences() -> list[tuple[str, int, str]]:
    """(path, line number, word) of every forbidden word in the checked files."""
    words = forbidden_words()
    return [
        (path_of(path), number, word)
        for path in files()
        for number, word in occurrences(path.read_text(encoding="utf-8"), words)
    ]


def is_allowed(path: str, word: str) -> bool:
    """Whether ALLOWED lists the word for the file or one of its folders."""
    return any(word == allowed and f"{path}/".startswith(f"{place}/") for place, allowed in ALLOWED)


def test_the_glossary_lists_words_to_check():
    """The table is parsed: a change of its form would otherwise leave nothing to check."""
    words = forbidden_words()
    assert len(words) > 20
    assert "new owner" in words["heir"]


@pytest.mark.parametrize(
    "text", ["nobody", "Nobody", "test_nobody_is_found", "NobodyError", "isNobody()", "NOBODY_1"]
)
def test_a_word_is_found_in_prose_and_identifiers(text: str):
    """Snake case, camel case and constants are split into words."""
    assert list(occurrences(f"\n{text}\n", {"nobody": ""})) == [(2, "nobody")]


@pytest.mark.parametrize("text", ["toldo", "untold", "amendment"])
def test_a_part_of_a_word_is_not_found(text: str):
    """Only whole words match."""
    assert list(occurrences(text, {"told": "", "mend": ""})) == []


def test_forbidden_words_do_not_occur():
    """Code and documents use the glossary's words."""
    words = forbidden_words()
    hits = [
        f"{path}:{number}: '{word}', use: {words[word]}"
        for path, number, word in all_occurrences()
        if not is_allowed(path, word)
    ]
    assert not hits, "\n" + "\n".join(hits)


def test_every_allowed_word_occurs():
    """ALLOWED lists no word that its file or folder no longer has."""
    hits = all_occurrences()
    unused = [
        (place, word)
        for place, word in ALLOWED
        if not any(word == hit and f"{path}/".startswith(f"{place}/") for path, _, hit in hits)
    ]
    assert unused == []
