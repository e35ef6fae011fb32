"""Open the sealed texts of messages for operators, and seal them again when an export is read.

The texts of an erased user cannot be opened: they are shown as ERASED_TEXT.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from functions.contract.text import is_sealed
from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

ERASED_TEXT = "[erased]"
AUTHORS = {"MessageSent": ("sender", "userId"), "MessageEdited": ("editedBy",)}
"""Where the author is in the events that have a text."""


@dataclass(frozen=True)
class TextKey:
    """The key of a user. `secret` is None if they never had one, or if it was erased at `erased_at`."""

    secret: bytes | None
    erased_at: str | None


@dataclass
class Texts:
    """The keys of a stage, as far as they were needed. Thread-safe."""

    stage: Stage
    _keys: dict[str, TextKey] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self, event: BusEvent) -> BusEvent:
        """The event with its text; the same event if it has none, or one that is not sealed."""
        text, author_id = event.data.get("text"), author_of(event)
        if not isinstance(text, str) or author_id is None:
            return event
        return with_text(event, self.open(text, author_id, event.message_id or ""))

    def open(self, text: str, author_id: str, message_id: str) -> str:
        """The text that a sealed text stands for; another text unchanged."""
        # Not at the top: the commands' help imports this module, and ciphers take time to load.
        from functions.contract.sealing import SealedTextError, open_sealed

        if not is_sealed(text):
            return text
        secret = self._key(author_id).secret
        if secret is None:
            return ERASED_TEXT
        try:
            return open_sealed(text, secret, message_id)
        except SealedTextError:
            return ERASED_TEXT

    def sealed(self, event: BusEvent) -> BusEvent:
        """An event whose text was opened by an export, as it was: sealing again gives the same sealed text.

        On a stage where the author has no key, the text stays as it is. That of an erased user stays erased.
        """
        from functions.contract.sealing import seal

        text, author_id = event.data.get("text"), author_of(event)
        if not isinstance(text, str) or author_id is None:
            return event
        key = self._key(author_id)
        if key.secret is not None:
            return with_text(event, seal(text, key.secret, event.message_id or ""))
        return with_text(event, ERASED_TEXT) if key.erased_at else event

    def _key(self, user_id: str) -> TextKey:
        with self._lock:
            if user_id not in self._keys:
                row: Any = self.stage.table("TextKeys").get_item(Key={"userId": user_id}, ConsistentRead=True)
                found = row.get("Item") or {}
                secret = found.get("textKey")
                self._keys[user_id] = TextKey(bytes(secret) if secret is not None else None, found.get("erasedAt"))
            return self._keys[user_id]


def author_of(event: BusEvent) -> str | None:
    """The id of the user who wrote the text of an event."""
    value: Any = event.data
    for name in AUTHORS.get(event.detail_type, ("",)):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def with_text(event: BusEvent, text: str) -> BusEvent:
    """The event with another text."""
    detail = event.raw["detail"]
    return BusEvent({**event.raw, "detail": {**detail, "data": {**detail["data"], "text": text}}})
