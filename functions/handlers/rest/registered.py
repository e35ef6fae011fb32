"""The caller of a request as a registered user."""

from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.contract.resources import User
from functions.handlers import http
from functions.logic.registration import register_caller
from functions.settings import ApiSettings


def caller(router: Router, settings: ApiSettings) -> User:
    """Register the caller if necessary, and return them. The events of a first call name this request."""
    return register_caller(settings, http.caller(router), correlation_id=http.correlation_id(router))
