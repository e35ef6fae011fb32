"""Seal the text of an event before it is published, and open the texts of rows and events for their readers.

The text of an erased user has no key any more: for every reader, its message is deleted.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from functions.aws import text_keys
from functions.aws.observability import logger
from functions.aws.text_keys import TextKey
from functions.contract.events import Envelope, MalformedEventError, MessageDeleted, MessageEdited, MessageSent
from functions.contract.sealing import SealedTextError, open_sealed, seal
from functions.contract.text import ERASED_NAME, is_sealed

TextEvent = TypeVar("TextEvent", MessageSent, MessageEdited)
Row = dict[str, Any]


def sealed(table_name: str, event: TextEvent, *, author_id: str, now_ms: int) -> TextEvent:
    """Return an event with its text sealed. Raises SessionExpiredError if its author was erased."""
    key = text_keys.of_author(table_name, author_id, now_ms=now_ms)
    return event.model_copy(update={"text": seal(event.text, key, event.message_id)})


def opened_rows(table_name: str, rows: Iterable[Row], *, now_ms: int) -> list[Row]:
    """Return rows of the table `messages` with their texts. Those that cannot be opened are deleted messages."""
    all_rows = list(rows)
    authors = (str(row["senderId"]) for row in all_rows if _can_be_opened(row))
    keys = text_keys.of_users(table_name, authors, now_ms=now_ms)
    return [_opened_row(row, keys) if _can_be_opened(row) else row for row in all_rows]


def _can_be_opened(row: Row) -> bool:
    """Whether a row has a sealed text, and what is needed to open it. A damaged row has not."""
    return {"senderId", "messageId", "sentAt"} <= row.keys() and is_sealed(str(row.get("text", "")))


def _opened_row(row: Row, keys: dict[str, TextKey]) -> Row:
    author_id = str(row["senderId"])
    key = keys.get(author_id, TextKey(None))
    if key.secret is not None:
        try:
            return {**row, "text": open_sealed(str(row["text"]), key.secret, str(row["messageId"]))}
        except SealedTextError:
            logger.exception("text cannot be opened", extra={"messageId": row["messageId"]})
    elif key.erased_at is None:
        logger.error("text key is missing", extra={"messageId": row["messageId"], "userId": author_id})
    # The erasure replaced the names in the rows that it found; this row may have been stored later.
    erased = {"senderName": ERASED_NAME} if key.erased_at else {}
    return {
        **row,
        **erased,
        "text": "",
        "deletedAt": row.get("deletedAt") or key.erased_at or row["sentAt"],
        "deletedBy": row.get("deletedBy") or author_id,
    }


def opened_event(table_name: str, envelope: Envelope[Any], seq: int | None, *, now_ms: int) -> Envelope[Any]:
    """Return an event with its text, or as a MessageDeleted if its author was erased.

    Other events are returned unchanged. Raises MalformedEventError if the text cannot be opened with the key, and
    LookupError if the author has no key and was not erased.
    """
    data = envelope.data
    if not isinstance(data, MessageSent | MessageEdited) or not is_sealed(data.text):
        return envelope
    author_id = data.sender.user_id if isinstance(data, MessageSent) else data.edited_by
    key = text_keys.of_users(table_name, [author_id], now_ms=now_ms).get(author_id, TextKey(None))
    if key.secret is None:
        if key.erased_at is None:
            raise LookupError(f"the text key of the user {author_id} is missing")
        deletion = MessageDeleted(
            message_id=data.message_id,
            channel_id=data.channel_id,
            seq=data.seq if isinstance(data, MessageEdited) else seq,
            deleted_by=author_id,
            deleted_at=key.erased_at,
        )
        return envelope.model_copy(update={"data": deletion})
    try:
        text = open_sealed(data.text, key.secret, data.message_id)
    except SealedTextError as refusal:
        raise MalformedEventError(f"text: {refusal}") from None
    return envelope.model_copy(update={"data": data.model_copy(update={"text": text})})
