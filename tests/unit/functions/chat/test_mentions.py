"""Whom a message mentions, with the cases that the browser client is tested with too."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from functions.chat.mentions import mentioned_usernames
from functions.contract.model import MAX_ID_CHARACTERS, MAX_MENTIONS
from tests.text_rules import read_cases
from tests.text_rules.mentions import generated_message

UI = Path(__file__).resolve().parents[4] / "ui"
MANY = 20_000


@pytest.mark.parametrize("case", read_cases("mentions"), ids=lambda case: repr(case["text"]))
def test_a_message_mentions_whom_the_browser_emphasises(case: dict[str, Any]):
    """Emphasis does not hide a mention; code, quotes and links do."""
    assert list(mentioned_usernames(case["text"])) == case["mentions"]


def test_generated_messages_mention_whom_the_browser_emphasises():
    """The file has what both parsers found when it was written."""
    cases = read_cases("mentions_generated")
    assert [list(mentioned_usernames(case["text"])) for case in cases] == [case["mentions"] for case in cases]


def test_a_message_mentions_at_most_50_users():
    """Longer usernames than Cognito's do not exist."""
    many = " ".join(f"@user{number:03d}" for number in range(200))
    assert mentioned_usernames(many) == tuple(f"user{number:03d}" for number in range(MAX_MENTIONS))
    longest = "x" * MAX_ID_CHARACTERS
    assert mentioned_usernames(f"@{longest} @{longest}y") == (longest,)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["> ", "> a\n", "> a\n\n", "- ", "[", "_@a ", "*", "`", "https://a.b/@", "\\", "(", "@a_", "http://"]
)
def test_hostile_messages_are_parsed(piece: str):
    """Of the longest text, whatever it repeats."""
    text = "@bob\n\n" + piece * (8_000 // len(piece))
    assert "bob" in mentioned_usernames(text)


@pytest.mark.thorough
def test_the_browser_emphasises_whom_the_server_counts(tmp_path: Path):
    """In many further generated messages. Both parsers are CommonMark's, and differ in rare runs of delimiters."""
    source = random.Random(7)
    texts = [text for text in (generated_message(source) for _ in range(MANY)) if "@" in text]
    cases = [{"text": text, "mentions": mentioned_usernames(text)} for text in texts]
    file = tmp_path / "mentions.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    tests = ["npx", "vitest", "run", "tests/features/shared/mentions.test.tsx"]
    environment = os.environ | {"PARLEY_MENTION_CASES": str(file)}
    run = subprocess.run(tests, cwd=UI, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
