"""The usernames that a user pool of the local stage accepts."""

import pytest

from local.emulator.cognito.usernames import refusal_of


@pytest.mark.parametrize("username", ["alice", "a.b+c_d@example.com", "Åsa", "李雷", "é", "€5", "x" * 128])
def test_letters_marks_symbols_numbers_and_punctuation_are_accepted(username: str):
    """As on AWS."""
    assert refusal_of(username) is None


@pytest.mark.parametrize("username", ["a b", "a\tb", "a\u00a0b", "a\u200bb"])
def test_spaces_and_invisible_characters_are_refused(username: str):
    """With AWS's message, which has the pattern."""
    assert "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+" in str(refusal_of(username))


def test_a_long_username_is_refused():
    """The limit is 128 characters."""
    assert "less than or equal to 128" in str(refusal_of("x" * 129))
