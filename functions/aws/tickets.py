"""The table `tickets`: single-use tickets that open one connection, and the sessions that were signed out.

Only a ticket's hash is stored. A row for a signed-out session is kept as long as one of its tokens may be valid;
issuing or consuming a ticket and registering a connection check for it.
"""

import hashlib
import secrets
from dataclasses import dataclass

from functions.aws.clients import table

TICKET_SECONDS = 30
SESSION_PREFIX = "session#"
ENDED_SESSION_SECONDS = 2 * 60 * 60
"""Longer than the hour that an ID token is valid; a connection ends with the token that opened it."""


@dataclass(frozen=True, kw_only=True)
class TicketHolder:
    """The user, session and page that a ticket was issued to. The session ends at `session_expires_at_ms`."""

    user_id: str
    display_name: str
    session_id: str
    session_expires_at_ms: int
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
            "origin": holder.origin,
            "expiresAt": expires_at,
        }
    )
    return ticket, expires_at * 1000


def consume(table_name: str, ticket: str, *, now_ms: int) -> TicketHolder | None:
    """Delete a ticket and return its holder, or None if it is unknown or expired (DynamoDB deletes rows late)."""
    row = (
        table(table_name).delete_item(Key={"ticketHash": _hash(ticket)}, ReturnValues="ALL_OLD").get("Attributes")
    )
    if row is None or int(str(row["expiresAt"])) * 1000 <= now_ms:
        return None
    return TicketHolder(
        user_id=str(row["userId"]),
        display_name=str(row["displayName"]),
        session_id=str(row["sessionId"]),
        session_expires_at_ms=int(str(row["sessionExpiresAt"])),
        origin=str(row["origin"]) if row.get("origin") is not None else None,
    )


def end_session(table_name: str, session_id: str, *, now_ms: int) -> None:
    """Mark a session as ended: it gets no more tickets, and its tickets open no more connections."""
    expires_at = now_ms // 1000 + ENDED_SESSION_SECONDS
    table(table_name).put_item(Item={"ticketHash": SESSION_PREFIX + session_id, "expiresAt": expires_at})


def session_has_ended(table_name: str, session_id: str) -> bool:
    """Whether the session was signed out (strongly consistent read)."""
    key = {"ticketHash": SESSION_PREFIX + session_id}
    return "Item" in table(table_name).get_item(Key=key, ConsistentRead=True)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
