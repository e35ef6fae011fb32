"""The table of tickets: single-use tickets that open one connection, and the sessions that were signed out.

Only a ticket's hash is stored. A row for a signed-out session stays for as long as a token of it may be valid;
issuing or consuming a ticket and registering a connection check for it.
"""

import hashlib
import secrets
from dataclasses import dataclass

from functions.aws.clients import table

TICKET_SECONDS = 30
SESSION_PREFIX = "session#"
ENDED_SESSION_SECONDS = 2 * 60 * 60
"""An ID token is valid for one hour, and a connection ends with the token that opened it."""


@dataclass(frozen=True, kw_only=True)
class TicketHolder:
    """Who a ticket was issued to, to which page, and when the session behind it ends (ms since the epoch)."""

    user_id: str
    display_name: str
    session_id: str
    session_expires_at_ms: int
    origin: str | None
    """The origin of the page that asked for it, which alone may use it; programs send none."""


def issue(table_name: str, holder: TicketHolder, *, now_ms: int) -> tuple[str, int]:
    """A new ticket and the moment (ms) it expires at."""
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
    """Who holds the ticket, if it is good; it never is again. Expired rows linger, so their time is checked."""
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
    """From now on the session gets no ticket, and none of its tickets opens a connection."""
    expires_at = now_ms // 1000 + ENDED_SESSION_SECONDS
    table(table_name).put_item(Item={"ticketHash": SESSION_PREFIX + session_id, "expiresAt": expires_at})


def session_has_ended(table_name: str, session_id: str) -> bool:
    """Whether the session was signed out, strongly consistent."""
    key = {"ticketHash": SESSION_PREFIX + session_id}
    return "Item" in table(table_name).get_item(Key=key, ConsistentRead=True)


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
