"""The codes of an authenticator app, for users that the tools create on a stage that requires a second factor."""

import base64
import hmac
import struct
import time

PERIOD_SECONDS = 30
DIGITS = 6


def code(secret: str, *, at: float | None = None) -> str:
    """The code of a secret (Base32) at a time, by default now. https://www.rfc-editor.org/rfc/rfc6238"""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    counter = int((time.time() if at is None else at) // PERIOD_SECONDS)
    digest = hmac.digest(key, struct.pack(">Q", counter), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
