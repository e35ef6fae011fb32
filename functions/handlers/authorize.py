"""The authorizer of `$connect`: exchange a ticket for the identity of the connection. A ticket works once.

A ticket works only for the origin that requested it. A page of another site cannot get a ticket, because the API
does not allow cross-origin requests; and a leaked ticket opens no socket on such a page.
"""

from typing import Any

from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerResponseWebSocket,
    parse_api_gateway_arn,
)

from functions.aws import clients, deadline, tickets, tracing
from functions.aws.clock import now_ms
from functions.aws.observability import logger
from functions.settings import AuthorizeSettings

clients.prepare(clients.dynamodb)


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Allow the connection, with the ticket's holder and session as its context, or deny it."""
    settings = AuthorizeSettings.from_env()
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    ticket = (event.get("queryStringParameters") or {}).get("ticket") or ""
    now = now_ms()
    holder = tickets.consume(settings.tickets_table, ticket, now_ms=now)
    if holder is None or holder.session_expires_at_ms <= now:
        return _answer(event, None, "the ticket is unknown, used, or expired")
    if headers.get("origin") != holder.origin:
        return _answer(event, None, "the ticket was issued to another origin")
    if tickets.session_has_ended(
        settings.tickets_table,
        user_id=holder.user_id,
        session_id=holder.session_id,
        signed_in_at=holder.signed_in_at,
    ):
        return _answer(event, None, "the session has ended")
    return _answer(event, holder, "the ticket is valid")


def _answer(event: dict[str, Any], holder: tickets.TicketHolder | None, reason: str) -> dict[str, Any]:
    arn = parse_api_gateway_arn(event["methodArn"])
    response = APIGatewayAuthorizerResponseWebSocket(
        principal_id=holder.user_id if holder else "unknown",
        region=arn.region,
        aws_account_id=arn.aws_account_id,
        api_id=arn.api_id,
        stage=arn.stage,
        context=_context_of(holder) if holder else None,
    )
    if holder:
        tracing.annotate(userId=holder.user_id)
        response.allow_all_routes()
    else:
        response.deny_all_routes()
    logger.info(
        "allowed" if holder else "denied", extra={"reason": reason, "userId": holder.user_id if holder else None}
    )
    return response.asdict()


def _context_of(holder: tickets.TicketHolder) -> dict[str, Any]:
    return {
        "userId": holder.user_id,
        "displayName": holder.display_name,
        "sessionId": holder.session_id,
        "sessionExpiresAt": str(holder.session_expires_at_ms),
        "signedInAt": str(holder.signed_in_at),
    }
