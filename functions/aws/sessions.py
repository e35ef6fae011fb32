"""Sessions that were ended before their time. A row says so for as long as a token of the session may be good.

The rows live in the table of tickets, which are what an ended session must get no more of: whoever issues or
consumes a ticket, and whoever registers a connection, looks here.
"""

from functions.aws.clients import table

KEY_PREFIX = "session#"
KEPT_SECONDS = 2 * 60 * 60
"""An ID token is good for an hour, and a connection ends with the token that opened it."""


def end(tickets_table: str, session_id: str, *, now_ms: int) -> None:
    """From now on the session gets no ticket, and none of its tickets opens a socket."""
    table(tickets_table).put_item(
        Item={"ticketHash": KEY_PREFIX + session_id, "expiresAt": now_ms // 1000 + KEPT_SECONDS}
    )


def has_ended(tickets_table: str, session_id: str) -> bool:
    """Whether somebody ended the session, strongly consistent."""
    key = {"ticketHash": KEY_PREFIX + session_id}
    return "Item" in table(tickets_table).get_item(Key=key, ConsistentRead=True)
