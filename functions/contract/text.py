"""Validation of message texts, emoji, names, and the ids that clients choose."""

import re
import unicodedata
from typing import Any
from uuid import UUID

from functions.contract.errors import TextTooLongError

MAX_TEXT_BYTES = 8192
MAX_EMOJI_BYTES = 64
MAX_NAME_CHARACTERS = 64
KEY_BYTES = 64
"""The key of a user, which seals their texts: AES-SIV with AES-256 has two keys of 32 bytes."""
SEALED_MARK = "\x01s1."
"""What a sealed text begins with, and the version of its scheme (`contract.sealing`). No user can write U+0001."""
MAX_SEALED_CHARACTERS = 10_948
"""The sealed text of the longest text: its bytes and 16 more in Base64, after the mark."""
ERASED_NAME = "Deleted user"
"""The display name of an erased user."""
WRITTEN_CONTROLS = frozenset("\t\n\r")
"""The control characters of texts. JSON makes six bytes of most others: a text of them would exceed a frame."""

# Zero-width joiners are allowed in names: Persian text and family emoji need them.
JOINERS = frozenset("\u200c\u200d")
# Characters without a visible form whose category does not say so: Unicode's default ignorable code points, as
# the Hangul fillers, variation selectors and tags, and the blank Braille pattern. The rule is the same as in
# `ui/src/core/text/visible.ts`.
IGNORABLE = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F)),
    *((0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
    (0xE0000, 0xE0FFF),
)
# Selectors of variants of emoji, Mongolian letters and Han characters, and the tags of flags.
VARIANTS = ((0x180B, 0x180D), (0x180F, 0x180F), (0xFE00, 0xFE0F), (0xE0020, 0xE007F), (0xE0100, 0xE01EF))
BRAILLE_BLANK = "\u2800"
EMOJI_PUNCTUATION = frozenset("\u203c\u2049\u2139\u3030")
NOT_IN_EMOJI = (
    r"[\u0000-\u0022\u0024-\u0029\u002b-\u002f\u003a-\u00a8\u00aa-\u00ad\u00af-\u200c\u200e-\u203b\u203d-\u2048"
    r"\u204a-\u20e2\u20e4-\u20ff\u2150-\u218f\u2c00-\u302f\u3031-\u303c\u303e-\u31ff\u3400-\ud7ff\ue000-\ufe0e"
    r"\ufe10-\uffff]"
)
"""The characters below U+10000 that no emoji has. The workflow checks reactions with the same expression."""
VISIBLE = (
    r"[^"
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f-"
    r"\u1160\u1680\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"]"
)
"""A character that is not invisible; of those from U+10000 on, any. The workflow checks texts with it."""
KEYCAP, EMOJI_STYLE, ZERO_WIDTH_JOINER = "\u20e3", "\ufe0f", "\u200d"


def checked_text(value: Any) -> str:
    """Return a message's text unchanged. Raises ValueError, or TextTooLongError above the byte limit.

    Tabs and line breaks are the only control characters.
    """
    if not isinstance(value, str):
        raise ValueError("expected a string")
    size = utf8_size(value)
    if size > MAX_TEXT_BYTES:
        raise TextTooLongError(f"The text has {size:,} bytes of UTF-8. Shorten it to {MAX_TEXT_BYTES:,} or fewer.")
    controls = (character for character in value if _is_unwritten_control(character))
    if control := next(controls, None):
        raise ValueError(f"expected a text without control characters, got U+{ord(control):04X}")
    if not has_visible(value):
        raise ValueError("expected a text with a visible character")
    return value


def checked_event_text(value: Any) -> str:
    """Return the text of an event, as the workflow checks it. Raises ValueError, or TextTooLongError.

    The rule for a command may become stricter; events of before it must still be read.
    """
    if isinstance(value, str) and is_sealed(value):
        return checked_sealed_text(value)
    if not isinstance(value, str) or not re.search(VISIBLE, value):
        raise ValueError("expected a text with a visible character")
    return checked_stored_text(value)


def checked_stored_text(value: Any) -> str:
    """Return the text of a row that can be shown: its size and its characters. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("expected a string")
    if is_sealed(value):
        return checked_sealed_text(value)
    size = utf8_size(value)
    if size > MAX_TEXT_BYTES:
        raise TextTooLongError(f"The text has {size:,} bytes of UTF-8. Shorten it to {MAX_TEXT_BYTES:,} or fewer.")
    if any(_is_unwritten_control(character) for character in value):
        raise ValueError("expected a text without control characters")
    return value


def is_sealed(text: str) -> bool:
    """Whether a text is sealed."""
    return text.startswith(SEALED_MARK)


def checked_sealed_text(value: str) -> str:
    """Return a sealed text, as the workflow checks it: its size and its characters. Raises ValueError."""
    body = value.removeprefix(SEALED_MARK)
    if not body or len(value) > MAX_SEALED_CHARACTERS or re.search("[^A-Za-z0-9+/=]", body):
        raise ValueError("expected a sealed text")
    return value


def checked_event_emoji(value: Any) -> str:
    """Return the emoji of an event, as the workflow checks it. From U+10000 on, it may be any character.

    Raises ValueError.
    """
    if not isinstance(value, str) or not 1 <= utf8_size(value) <= MAX_EMOJI_BYTES:
        raise ValueError("expected an emoji")
    has_keys = re.search("[0-9#*]", value) is not None
    is_visible = re.sub("[0-9#*\u200d\ufe0f]", "", value) != ""
    if re.search(NOT_IN_EMOJI, value) or not is_visible or (has_keys and KEYCAP not in value):
        raise ValueError("expected an emoji, got other text")
    return value


def has_visible(text: str) -> bool:
    """Whether a reader sees anything of a text."""
    return not all(is_invisible(character) for character in text)


def is_invisible(character: str) -> bool:
    """Whether a character is a space, a control or format character, or one that is drawn blank."""
    if unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}:
        return True
    return _is_in(character, IGNORABLE)


def _is_in(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(character) <= last for first, last in ranges)


def _is_unwritten_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in WRITTEN_CONTROLS


def utf8_size(value: str) -> int:
    """Return the number of bytes of UTF-8. Raises ValueError for half a surrogate pair, which has no encoding."""
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("expected whole characters, got half a surrogate pair") from None


def checked_emoji(value: Any) -> str:
    """Return an emoji: a short string of symbols. Raises ValueError for anything else."""
    if not isinstance(value, str) or not value:
        raise ValueError("expected an emoji")
    if utf8_size(value) > MAX_EMOJI_BYTES:
        raise ValueError("expected one emoji, got several")
    if re.search(NOT_IN_EMOJI, value):
        raise ValueError("expected an emoji, got other text")
    if not all(_is_pictograph(character) or _modifies_emoji(character, value) for character in value):
        raise ValueError("expected an emoji, got other text")
    if not (KEYCAP in value or any(_is_pictograph(character) for character in value)):
        raise ValueError("expected an emoji that is visible")
    return value


def _is_pictograph(character: str) -> bool:
    # The Unicode categories So (pictographs) and Sm (older hearts and arrows).
    symbol = not character.isascii() and unicodedata.category(character) in {"So", "Sm"}
    return symbol or character in EMOJI_PUNCTUATION


def _modifies_emoji(character: str, emoji: str) -> bool:
    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    regional_tag = "\U000e0020" <= character <= "\U000e007f"
    digit = character in "0123456789#*" and KEYCAP in emoji
    return skin_tone or regional_tag or digit or character in {KEYCAP, EMOJI_STYLE, ZERO_WIDTH_JOINER}


def checked_name(value: Any) -> str:
    """Return the name of a channel or user: one trimmed line, without invisible or text-reordering characters.

    Raises ValueError. Markup is allowed, because names are displayed as text.
    """
    if not isinstance(value, str):
        raise ValueError("expected a string")
    utf8_size(value)
    # Hidden characters are removed first, because they would keep spaces from being trimmed. NFC gives each letter
    # one spelling, so that names that look the same are equal.
    visible = "".join(
        " " if _is_blank(character) else character for character in value if not _is_hidden(character)
    )
    name = " ".join(unicodedata.normalize("NFC", visible).split())
    if not has_visible(name):
        raise ValueError("expected a name with a visible character")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"expected at most {MAX_NAME_CHARACTERS} characters, got {len(name)}")
    return name


def _is_hidden(character: str) -> bool:
    """Whether a character, such as a control or direction mark, is invisible: it makes names look the same."""
    if _is_blank(character) or character in JOINERS or _is_in(character, VARIANTS):
        return False
    return is_invisible(character)


def _is_blank(character: str) -> bool:
    return character.isspace() or character == BRAILLE_BLANK


def canonical_uuid(value: Any) -> str:
    """Return a UUID in its canonical form, so that two spellings of it are not two messages."""
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise ValueError("expected a UUID") from None
