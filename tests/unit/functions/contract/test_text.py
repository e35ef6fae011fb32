"""Texts, names, emoji and ids: limits, and what users write."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.contract import text as rules
from functions.contract.errors import TextTooLongError
from functions.contract.text import (
    MAX_NAME_CHARACTERS,
    MAX_TEXT_BYTES,
    canonical_uuid,
    checked_emoji,
    checked_event_emoji,
    checked_name,
    checked_text,
    has_visible,
    is_invisible,
)
from tests.text_rules import characters, read_cases

whole_text = st.text(st.characters(exclude_categories=["Cs"]))
written_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r"))
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"]


@pytest.mark.parametrize("character", ["a", "é", "語", "😀"], ids=["1 byte", "2 bytes", "3 bytes", "4 bytes"])
def test_the_limit_of_a_text_counts_bytes(character: str):
    """8,192 bytes of UTF-8 are accepted and one more is not, whatever the characters are."""
    size = len(character.encode())
    fits = character * (MAX_TEXT_BYTES // size) + "x" * (MAX_TEXT_BYTES % size)
    assert len(fits.encode()) == MAX_TEXT_BYTES
    assert checked_text(fits) == fits
    with pytest.raises(TextTooLongError, match=r"^The text has 8,193 bytes of UTF-8\. Shorten it to 8,192"):
        checked_text(fits + "x")


VISIBLE = read_cases("visible")


@pytest.mark.parametrize("case", VISIBLE["texts"], ids=lambda case: ascii(case["text"]))
def test_a_text_or_name_that_shows_nothing_is_refused(case: dict[str, str | bool]):
    """By the same rule as in the browser client, which has the same cases."""
    text = str(case["text"])
    assert has_visible(text) == case["visible"]
    if case["visible"]:
        assert checked_text(text) == text
        assert checked_name(text)
        return
    with pytest.raises(ValueError, match="expected a text with a visible character"):
        checked_text(text)
    with pytest.raises(ValueError, match="expected a name with a visible character"):
        checked_name(text)


def test_the_invisible_characters_are_those_of_the_browser():
    """Every character of the basic plane and of the plane of tags and selectors."""
    invisible = {character for character in characters(VISIBLE["checked"]) if is_invisible(character)}
    assert invisible == set(characters(VISIBLE["invisible"]))


@given(written_text.filter(has_visible))
def test_a_text_is_never_changed(text: str):
    """A text is stored as it was sent."""
    assert checked_text(text) == text


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{ord(control):02x}" for control in CONTROLS])
def test_control_characters_are_refused(control: str):
    """They have no visible form, and most become six bytes of JSON. The message names the character."""
    with pytest.raises(ValueError, match=rf"without control characters, got U\+{ord(control):04X}$"):
        checked_text(f"before{control}after")


@pytest.mark.parametrize("value", ["\ud83d", "fine \ud83d until here", "\ude00\ud83d"])
def test_half_a_surrogate_pair_is_refused(value: str):
    """UTF-8 cannot encode it."""
    for check in (checked_text, checked_name, checked_emoji):
        with pytest.raises(ValueError, match="half a surrogate pair"):
            check(value)


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["a"], {}])
def test_only_strings_are_accepted(value: object):
    """Other values are not converted."""
    for check in (checked_text, checked_name, checked_emoji, canonical_uuid):
        with pytest.raises(ValueError, match="expected"):
            check(value)


@pytest.mark.parametrize(
    "emoji", ["👍", "👍🏽", "❤️", "❤", "👩‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#️⃣", "‼️", "〰️", "↔️", "🏳️‍🌈", "✅", "㊗️"]
)
def test_an_emoji_is_accepted_unchanged(emoji: str):
    """Skin tones, families, flags, keycaps, and emoji that Unicode classifies as punctuation."""
    assert checked_emoji(emoji) == emoji


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "ok",
        "1",
        "#",
        "👍 ",
        "👍a",
        " ",
        "\n",
        "<",
        "+",
        "<b>",
        "^",
        "\u202e",
        "\u200b",
        "\u200d",
        "\ufe0f",
        "é",
    ],
)
def test_other_text_than_an_emoji_is_refused(value: str):
    """Words, spaces, markup and invisible characters."""
    with pytest.raises(ValueError, match="expected an emoji"):
        checked_emoji(value)


def test_an_emoji_has_at_most_64_bytes():
    """More is refused."""
    assert checked_emoji("👍" * 16)
    with pytest.raises(ValueError, match="expected one emoji, got several"):
        checked_emoji("👍" * 17)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("tea", "tea"),
        ("  tea \t time\n", "tea time"),
        ("a\u2028b", "a b"),
        ("\u202eadmin", "admin"),
        ("ad\u200bmin", "admin"),
        ("\u2066admin\u2069", "admin"),
        ("\ufeffadmin", "admin"),
        ("\u200e tea \u200e", "tea"),
        ("a \u200e b", "a b"),
        ("ad\x00min\x1b", "admin"),
        ("ad\u00admin", "admin"),
        ("tea\u3164", "tea"),
        ("\u2800tea\u2800\u2800time", "tea time"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f"),
        ("葛\U000e0100", "葛\U000e0100"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("<b>bold</b>", "<b>bold</b>"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("שלום", "שלום"),
    ],
)
def test_invisible_characters_are_removed_from_a_name(written: str, kept: str):
    """Names that look the same are equal; joiners that scripts need are kept."""
    assert checked_name(written) == kept


@pytest.mark.parametrize(
    "written", ["", "   ", "\n", "\u200e \u200e", "\u200b", "\u200d", "\x00", "\u3164", "\u115f"]
)
def test_an_invisible_name_is_refused(written: str):
    """A user or channel must not look like nothing."""
    with pytest.raises(ValueError, match="expected a name with a visible character"):
        checked_name(written)


def test_the_limit_of_a_name_counts_the_remaining_characters():
    """64 characters are accepted; spaces around them do not count."""
    assert checked_name("  " + "é" * MAX_NAME_CHARACTERS + " ") == "é" * MAX_NAME_CHARACTERS
    with pytest.raises(ValueError, match="expected at most 64 characters, got 65"):
        checked_name("é" * 65)


@given(whole_text)
def test_checking_a_name_twice_changes_nothing(written: str):
    """A stored name can be sent again."""
    try:
        name = checked_name(written)
    except ValueError:
        return
    assert checked_name(name) == name
    assert name == name.strip()
    assert len(name.splitlines()) == 1


@given(st.uuids())
def test_a_uuid_has_one_canonical_form(value):
    """Case, braces and hyphens do not make another id."""
    for spelled in (str(value), str(value).upper(), value.hex, value.urn, f"{{{value}}}"):
        assert canonical_uuid(spelled) == str(value)


@pytest.mark.parametrize("value", ["", "x", "0" * 31, "0" * 33, "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz"])
def test_an_invalid_uuid_is_refused(value: str):
    """The error says what was expected."""
    with pytest.raises(ValueError, match="expected a UUID"):
        canonical_uuid(value)


@pytest.mark.slow
def test_the_workflows_rule_is_that_of_the_contract():
    """What is visible, and which characters an emoji may have, below U+10000; no emoji of a command is refused."""
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        character = chr(code)
        assert (re.search(rules.VISIBLE, character) is None) == is_invisible(character), hex(code)
        if _is_emoji(character):
            assert checked_event_emoji(character) == character


def _is_emoji(text: str) -> bool:
    try:
        return checked_emoji(text) == text
    except ValueError:
        return False
