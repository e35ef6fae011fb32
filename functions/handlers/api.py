"""The REST API's function: its routes, and the conversion of exceptions to responses.

API Gateway verifies a token's signature and time only, so every call checks that its session has not ended.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as RouteNotFoundError

from functions.aws import clients, deadline, direct_calls, observability, tickets, tracing
from functions.aws.observability import logger
from functions.contract.errors import ChatError, NotFoundError, SessionExpiredError
from functions.handlers import http
from functions.handlers.rest import channels, history, people
from functions.settings import ApiSettings

clients.prepare(clients.dynamodb, direct_calls.to_event_bridge)


SIGN_OUT = "/sign-out"
"""The one route of an ended session: it closes the sockets that an interrupted sign-out left open."""

app = APIGatewayRestResolver()
app.include_router(people.router)
app.include_router(channels.router)
app.include_router(history.router)


def refuse_ended_session(
    resolver: APIGatewayRestResolver, call_route: Callable[[APIGatewayRestResolver], Response[str]]
) -> Response[str]:
    """Refuse a call whose session was signed out, or ended by an operator."""
    principal = http.caller(resolver)
    if resolver.current_event.path != SIGN_OUT and tickets.session_has_ended(
        ApiSettings.from_env().tickets_table,
        user_id=principal.user_id,
        session_id=principal.session_id,
        signed_in_at=principal.signed_in_at,
    ):
        raise SessionExpiredError("Your session has ended. Sign in again.")
    return call_route(resolver)


app.use(middlewares=[refuse_ended_session])


@app.exception_handler(ChatError)
def refuse(error: ChatError) -> Response[str]:
    """Answer an error of the caller."""
    logger.info("refused", extra={"errorCode": error.code})
    return http.refusal(error)


@app.not_found
def refuse_route(_error: RouteNotFoundError) -> Response[str]:
    """Answer an unknown route."""
    return http.refusal(NotFoundError("There is no such route."))


@app.exception_handler(Exception)
def fail(_error: Exception) -> Response[str]:
    """Answer and log an unexpected exception."""
    observability.unexpected_error("failed")
    return http.fault(http.correlation_id(app))


@tracing.traced
@deadline.bounded
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request and log it in one line."""
    request = event["requestContext"]
    user_id = ((request.get("authorizer") or {}).get("claims") or {}).get("sub")
    logger.append_keys(correlationId=request.get("requestId"), userId=user_id)
    tracing.annotate(userId=user_id)
    answer = app.resolve(event, context)
    logger.info(
        "answered",
        extra={"method": event["httpMethod"], "route": event.get("resource"), "status": answer["statusCode"]},
    )
    observability.count("RestReads" if event["httpMethod"] == "GET" else "RestWrites")
    observability.flush()
    return answer
