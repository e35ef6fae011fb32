"""Folding for search, with the cases that the browser client is tested with too."""

from hashlib import sha256

import pytest

from functions.chat.folding import contains_words, fold, words_of
from tests.text_rules import characters, read_cases

CASES = read_cases("folding")


@pytest.mark.parametrize(("one", "other"), CASES["same"])
def test_texts_that_search_takes_for_the_same_fold_to_the_same(one: str, other: str):
    """Case, accents, points and compatibility forms make no difference."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), CASES["different"])
def test_different_letters_stay_different(one: str, other: str):
    """Vowel signs that are letters are kept, and so are letters that only look alike."""
    assert fold(one) != fold(other)


@pytest.mark.parametrize("case", CASES["matches"], ids=lambda case: f"{case['term']!r} in {case['text']!r}")
def test_a_text_matches_if_it_contains_all_words(case: dict[str, str | bool]):
    """In any order."""
    assert contains_words(str(case["text"]), words_of(str(case["term"]))) == case["matches"]


def test_every_letter_folds_as_in_the_browser():
    """The digest is of one line for each code point that has a case, an accent or a compatibility form."""
    every_letter = CASES["everyLetter"]
    lines = "".join(f"{fold(letter)}\n" for letter in characters(every_letter["ranges"]))
    assert sha256(lines.encode()).hexdigest() == every_letter["sha256"]


def test_folding_twice_changes_nothing():
    """For every letter."""
    folded = [fold(letter) for letter in characters(CASES["everyLetter"]["ranges"])]
    assert [fold(letters) for letters in folded] == folded
