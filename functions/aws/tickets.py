"""The table `tickets`: single-use tickets that open one connection, and the sessions that have ended.

Only a ticket's hash is stored. Sessions end by two kinds of rows, which are kept as long as one of the sessions'
tokens may be valid: a row of one session, written when its user signs out, and a row of a user, written by
operators (`parley users disable`), which ends all sessions that began before. REST calls, the use of a ticket and
the registration of a connection check for them.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from functions.aws.clients import table
from functions.aws.reads import batch_get
from functions.aws.rows import read
from functions.contract.rows import EndedUserRow, TicketRow
from functions.contract.session import ENDED_SESSION_PREFIX, ENDED_SESSION_SECONDS, ENDED_USER_PREFIX

TICKET_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class TicketHolder:
    """The user, session and page that a ticket was issued to. The session ends at `session_expires_at_ms`."""

    user_id: str
    display_name: str
    session_id: str
    session_expires_at_ms: int
    signed_in_at: int
    """When the session began (seconds since the epoch)."""
    origin: str | None
    """The `Origin` header of the request for the ticket, which alone may use it. None if there was no header."""


def issue(table_name: str, holder: TicketHolder, *, now_ms: int) -> tuple[str, int]:
    """Store a ticket for the holder. Return the ticket and when it expires (milliseconds since the epoch)."""
    ticket = secrets.token_urlsafe(32)
    expires_at = now_ms // 1000 + TICKET_SECONDS
    table(table_name).put_item(
        Item={
            "ticketHash": _hash(ticket),
            "userId": holder.user_id,
            "displayName": holder.display_name,
            "sessionId": holder.session_id,
            "sessionExpiresAt": holder.session_expires_at_ms,
            "signedInAt": holder.signed_in_at,
            "origin": holder.origin,
            "expiresAt": expires_at,
        }
    )
    return ticket, expires_at * 1000


def consume(table_name: str, ticket: str, *, now_ms: int) -> TicketHolder | None:
    """Delete a ticket and return its holder, or None if it is unknown, unreadable or expired.

    An expired ticket may still be stored, because DynamoDB deletes expired rows late.
    """
    row = (
        table(table_name).delete_item(Key={"ticketHash": _hash(ticket)}, ReturnValues="ALL_OLD").get("Attributes")
    )
    found = read(TicketRow, row) if row else None
    if found is None or found.expires_at * 1000 <= now_ms:
        return None
    return TicketHolder(
        user_id=found.user_id,
        display_name=found.display_name,
        session_id=found.session_id,
        session_expires_at_ms=found.session_expires_at,
        signed_in_at=found.signed_in_at,
        origin=found.origin,
    )


def end_session(table_name: str, session_id: str, *, now_ms: int) -> None:
    """Mark a session as ended: its calls are refused, and its tickets open no more connections."""
    expires_at = now_ms // 1000 + ENDED_SESSION_SECONDS
    table(table_name).put_item(Item={"ticketHash": ENDED_SESSION_PREFIX + session_id, "expiresAt": expires_at})


def session_has_ended(table_name: str, *, user_id: str, session_id: str, signed_in_at: int) -> bool:
    """Whether the session was signed out, or an operator ended the user's sessions since it began.

    One call for both (strongly consistent). A session that began in the same second has ended. All sessions have
    ended if the user's row cannot be read: a damaged row must not let a disabled user in.
    """
    of_session, of_user = ENDED_SESSION_PREFIX + session_id, ENDED_USER_PREFIX + user_id
    rows = batch_get(table_name, "ticketHash", (of_session, of_user), consistent=True)
    return any(row["ticketHash"] == of_session or _has_ended(row, signed_in_at) for row in rows)


def _has_ended(row: Any, signed_in_at: int) -> bool:
    ended = read(EndedUserRow, row)
    return ended is None or signed_in_at <= ended.ended_at


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
