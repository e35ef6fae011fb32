"""The table of tickets: each opens one socket, once. Only a ticket's hash is stored."""

import hashlib
import secrets
from dataclasses import dataclass

from functions.aws.clients import table

TICKET_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class TicketHolder:
    """Who a ticket was issued to, and when the session behind it ends (ms since the epoch)."""

    user_id: str
    display_name: str
    session_expires_at_ms: int


def issue(table_name: str, holder: TicketHolder, *, now_ms: int) -> tuple[str, int]:
    """A new ticket and the moment (ms) it expires at."""
    ticket = secrets.token_urlsafe(32)
    expires_at = now_ms // 1000 + TICKET_SECONDS
    table(table_name).put_item(
        Item={
            "ticketHash": _hash(ticket),
            "userId": holder.user_id,
            "displayName": holder.display_name,
            "sessionExpiresAt": holder.session_expires_at_ms,
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
        session_expires_at_ms=int(str(row["sessionExpiresAt"])),
    )


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
