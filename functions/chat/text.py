"""The checks of free text: message texts, emoji, names, and the ids that clients choose."""

import unicodedata
from typing import Any
from uuid import UUID

from functions.chat.errors import TextTooLong

MAX_TEXT_BYTES = 8192
MAX_EMOJI_BYTES = 64
MAX_NAME_CHARACTERS = 64
# Characters that reorder what surrounds them, or that nobody sees: a name made of them passes for another.
# Zero-width joiners stay: Persian and family emoji need them.
DIRECTION_MARKS = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def checked_text(value: Any) -> str:
    """A message's text, unchanged. Raises ValueError, or TextTooLong over the byte limit."""
    if not isinstance(value, str):
        raise ValueError("expected a string")
    size = utf8_size(value)
    if size > MAX_TEXT_BYTES:
        raise TextTooLong(f"The text has {size:,} bytes; at most {MAX_TEXT_BYTES:,} are allowed.")
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
    joiners = {"\u200d", "\ufe0f", "\u20e3"}
    keycaps = set("0123456789#*") if "\u20e3" in value else set()
    for character in value:
        category = unicodedata.category(character)
        # So: pictographs; Sk: skin tones; Sm: hearts and arrows of old; Cf: the tags of regional flags
        if category not in {"So", "Sk", "Sm", "Cf"} and character not in joiners | keycaps:
            raise ValueError("expected an emoji, got other text")
    return value


def checked_name(value: Any) -> str:
    """A channel's or person's name: trimmed, one line, no invisible direction marks.

    Raises ValueError. Markup is not refused: names are shown as text, never as markup.
    """
    if not isinstance(value, str):
        raise ValueError("expected a string")
    utf8_size(value)
    name = " ".join(value.split())
    name = "".join(character for character in name if character not in DIRECTION_MARKS)
    if not name:
        raise ValueError("expected a name, got none")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"expected at most {MAX_NAME_CHARACTERS} characters, got {len(name)}")
    return name


def canonical_uuid(value: Any) -> str:
    """A UUID in its one canonical spelling, so that two spellings cannot be two messages."""
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise ValueError("expected a UUID") from None
