"""The REST API's function: its routes, and the conversion of exceptions to responses."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as RouteNotFoundError

from functions.aws import clients, deadline, observability, tracing
from functions.aws.observability import logger
from functions.contract.errors import ChatError, NotFoundError
from functions.handlers import http
from functions.handlers.rest import channels, history, people

clients.prepare(clients.dynamodb, clients.event_bridge)


app = APIGatewayRestResolver()
app.include_router(people.router)
app.include_router(channels.router)
app.include_router(history.router)


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
    logger.exception("failed")
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
    observability.flush()
    return answer
