"""The checks of free text: message texts, emoji, names, and the ids that clients choose."""

import unicodedata
from typing import Any
from uuid import UUID

from functions.contract.errors import TextTooLongError

MAX_TEXT_BYTES = 8192
MAX_EMOJI_BYTES = 64
MAX_NAME_CHARACTERS = 64
# Zero-width joiners stay in names: Persian and family emoji need them.
JOINERS = frozenset("\u200c\u200d")
# Letters that nobody sees: the fillers of Hangul, and the grapheme joiner.
INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
EMOJI_PUNCTUATION = frozenset("\u203c\u2049\u3030")
KEYCAP, EMOJI_STYLE, ZERO_WIDTH_JOINER = "\u20e3", "\ufe0f", "\u200d"


def checked_text(value: Any) -> str:
    """A message's text, unchanged. Raises ValueError, or TextTooLongError over the byte limit."""
    if not isinstance(value, str):
        raise ValueError("expected a string")
    size = utf8_size(value)
    if size > MAX_TEXT_BYTES:
        raise TextTooLongError(f"The text has {size:,} bytes; at most {MAX_TEXT_BYTES:,} are allowed.")
    if not value.strip():
        raise ValueError("expected some text, got none")
    return value


def utf8_size(value: str) -> int:
    """Bytes of UTF-8. Raises ValueError for half a surrogate pair, which no encoding can carry."""
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("expected whole characters, got half a surrogate pair") from None


def checked_emoji(value: Any) -> str:
    """One emoji, as a short string of symbols. Raises ValueError for words, spaces and controls."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected an emoji")
    if utf8_size(value) > MAX_EMOJI_BYTES:
        raise ValueError("expected one emoji, got more")
    if not all(_is_pictograph(character) or _modifies_emoji(character, value) for character in value):
        raise ValueError("expected an emoji, got other text")
    if not (KEYCAP in value or any(_is_pictograph(character) for character in value)):
        raise ValueError("expected an emoji that can be seen")
    return value


def _is_pictograph(character: str) -> bool:
    # So: pictographs; Sm: hearts and arrows of old
    symbol = not character.isascii() and unicodedata.category(character) in {"So", "Sm"}
    return symbol or character in EMOJI_PUNCTUATION


def _modifies_emoji(character: str, emoji: str) -> bool:
    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    regional_tag = "\U000e0020" <= character <= "\U000e007f"
    digit = character in "0123456789#*" and KEYCAP in emoji
    return skin_tone or regional_tag or digit or character in {KEYCAP, EMOJI_STYLE, ZERO_WIDTH_JOINER}


def checked_name(value: Any) -> str:
    """A channel's or person's name: one line, trimmed, without characters that reorder it or that nobody sees.

    Raises ValueError. Markup is not refused: names are shown as text, never as markup.
    """
    if not isinstance(value, str):
        raise ValueError("expected a string")
    utf8_size(value)
    # What is dropped goes first, or it would shield spaces from being trimmed. One spelling of each letter, so
    # that two names that look the same are the same.
    seen = "".join(" " if character.isspace() else character for character in value if not _is_hidden(character))
    name = " ".join(unicodedata.normalize("NFC", seen).split())
    if not name.strip("".join(JOINERS)):
        raise ValueError("expected a name, got none")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"expected at most {MAX_NAME_CHARACTERS} characters, got {len(name)}")
    return name


def _is_hidden(character: str) -> bool:
    """Controls, direction marks and the like: a name made of them passes for another."""
    if character.isspace() or character in JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf"} or character in INVISIBLE_LETTERS


def canonical_uuid(value: Any) -> str:
    """A UUID in its one canonical spelling, so that two spellings cannot be two messages."""
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise ValueError("expected a UUID") from None
