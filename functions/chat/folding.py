"""Fold texts for search: without case, accents, points and compatibility forms.

`STRASSE` matches `straße`, `cafe` matches `café` and `οδος` matches `ΟΔΟΣ`. `ui/src/core/text/fold.ts` is the same
function, and `tests/text_rules/folding.json` checks both.
"""

import re
import unicodedata

# Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel signs. Vowel signs of other scripts are letters.
MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")


def fold(text: str) -> str:
    """Return what is compared of a text. It may be longer or shorter than the text."""
    if text.isascii():
        return text.lower()
    # Lower case first, because the upper case of `ẞ` is itself; again, because that of `ß` is `SS`.
    letters = MARKS.sub("", unicodedata.normalize("NFKD", text)).lower().upper().lower()
    # The lower case of a sigma depends on its place in the word.
    return letters.replace("ς", "σ")


def contains_words(text: str, words: list[str]) -> bool:
    """Whether a text contains all of these folded words, in any order and as parts of words too.

    No text contains the words of a term that has none.
    """
    folded = fold(text)
    return bool(words) and all(word in folded for word in words)


def words_of(term: str) -> list[str]:
    """Return the folded words of a search term."""
    return fold(term).split()
