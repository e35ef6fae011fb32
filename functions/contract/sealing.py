"""Seal the text of a message with the key of its author, so that deleting the key erases every copy of the text.

A sealed text is a text: it is stored, archived, logged and compared as it is. It begins with a control character
that no user can write (`contract.text`), so it is never taken for a text that a user wrote, and texts of versions
without keys remain readable. The scheme is AES-SIV (RFC 5297): sealing the same text of the same message again
gives the same sealed text, so a retry of a send is equal to the original.
"""

import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from functions.contract.text import KEY_BYTES, SEALED_MARK


class SealedTextError(ValueError):
    """The text was sealed with another key, or for another message, or it was changed."""


def new_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(text: str, key: bytes, message_id: str) -> str:
    """Seal a text for one message."""
    sealed = AESSIV(key).encrypt(text.encode(), [message_id.encode()])
    return SEALED_MARK + b64encode(sealed).decode()


def open_sealed(text: str, key: bytes, message_id: str) -> str:
    """Return the text that was sealed for this message. Raises SealedTextError."""
    try:
        sealed = b64decode(text.removeprefix(SEALED_MARK), validate=True)
        return AESSIV(key).decrypt(sealed, [message_id.encode()]).decode()
    except (InvalidTag, ValueError):
        raise SealedTextError("The text cannot be opened with the key of its author.") from None
