"""Sealed texts: opened with the same key for the same message only, and never confused with a text of a user."""

import pytest

from functions.contract.sealing import SealedTextError, new_key, open_sealed, seal
from functions.contract.text import (
    KEY_BYTES,
    MAX_SEALED_CHARACTERS,
    MAX_TEXT_BYTES,
    SEALED_MARK,
    checked_event_text,
    checked_text,
    is_sealed,
)

KEY = bytes(range(KEY_BYTES))
TEXTS = ["hi", "naïve 👍\n", "x" * MAX_TEXT_BYTES]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_opened_with_its_key(text: str):
    """And is not part of the sealed text."""
    sealed = seal(text, KEY, "m-1")
    assert open_sealed(sealed, KEY, "m-1") == text
    assert is_sealed(sealed)
    assert text not in sealed


def test_every_key_is_another():
    """Of the length that AES-SIV takes."""
    assert new_key() != new_key()
    assert len(new_key()) == KEY_BYTES


def test_sealing_again_gives_the_same():
    """A retry of a send is the same event; the same text of another message is not."""
    assert seal("hi", KEY, "m-1") == seal("hi", KEY, "m-1")
    assert seal("hi", KEY, "m-1") != seal("hi", KEY, "m-2")


@pytest.mark.parametrize(
    ("sealed", "key", "message_id"),
    [
        (seal("hi", KEY, "m-1"), KEY[::-1], "m-1"),
        (seal("hi", KEY, "m-1"), KEY, "m-2"),
        (seal("hi", KEY, "m-1")[:-5] + "AAAA=", KEY, "m-1"),
        (SEALED_MARK, KEY, "m-1"),
        (SEALED_MARK + "not base64", KEY, "m-1"),
    ],
    ids=["another key", "another message", "changed", "empty", "not Base64"],
)
def test_any_other_text_is_refused(sealed: str, key: bytes, message_id: str):
    """Another key, another message, or a changed text."""
    with pytest.raises(SealedTextError):
        open_sealed(sealed, key, message_id)


def test_no_user_can_write_a_sealed_text():
    """Otherwise a text of a user would be taken for one."""
    with pytest.raises(ValueError, match="control characters"):
        checked_text(seal("hi", KEY, "m-1"))


def test_the_sealed_text_of_the_longest_text_is_accepted_in_events():
    """And none that is longer, or has other characters."""
    longest = seal("x" * MAX_TEXT_BYTES, KEY, "m-1")
    assert len(longest) == MAX_SEALED_CHARACTERS
    assert checked_event_text(longest) == longest
    for wrong in (longest + "A", longest[:-1] + "\n", longest[:-1] + "é", SEALED_MARK):
        with pytest.raises(ValueError, match="sealed"):
            checked_event_text(wrong)
