"""The AWS clients, with their timeouts and retries: each created on first use and kept for the process."""

import os
from collections.abc import Callable
from functools import cache
from threading import get_ident
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from functions.aws.conflicts import repeat_conflicts
from functions.aws.connection_posts import ConnectionPosts
from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS, limit
from functions.aws.service_models import ServiceModels

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_events import EventBridgeClient

IN_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
MAX_CONCURRENCY = 16
MAX_RETRIES = 3

# A connection for each thread that calls: a thread without one in the pool opens a connection and then drops it.
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": MAX_RETRIES},
    max_pool_connections=MAX_CONCURRENCY,
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    user_agent="parley",
    # In Lambda, botocore does not check the shapes of parameters: a twentieth of a call's processor time. They are
    # typed, the unit tests run with the checks, and AWS refuses what is wrong.
    parameter_validation=not IN_LAMBDA,
)


@cache
def session() -> boto3.Session:
    """The session of all clients: its region and its credentials."""
    core = botocore.session.get_session()
    core.register_component("data_loader", ServiceModels())
    return boto3.Session(botocore_session=core)


@cache
def dynamodb() -> "DynamoDBServiceResource":
    """DynamoDB as a resource. It and its `meta.client` convert between Python and DynamoDB values."""
    resource = session().resource("dynamodb", config=_CONFIG)
    repeat_conflicts(limit(resource.meta.client, retries=MAX_RETRIES))
    return resource


def table(name: str) -> "Table":
    """A table. Each thread gets its own object: boto3's clients are thread-safe, its resources are not."""
    return table_of_thread(name, get_ident())


@cache
def table_of_thread(name: str, _thread: int) -> "Table":
    """The table object of one thread."""
    return dynamodb().Table(name)


@cache
def event_bridge() -> "EventBridgeClient":
    """EventBridge."""
    return limit(session().client("events", config=_CONFIG), retries=MAX_RETRIES)


@cache
def parameters() -> Any:
    """Parameter Store."""
    client: Any = session().client("ssm", config=_CONFIG)
    return limit(client, retries=MAX_RETRIES)


@cache
def connections_api() -> "ApiGatewayManagementApiClient":
    """The API that closes connections, and posts to them with `connection_posts`.

    botocore takes the endpoint from the environment variable AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI.
    """
    return limit(session().client("apigatewaymanagementapi", config=_CONFIG), retries=MAX_RETRIES)


@cache
def connection_posts() -> ConnectionPosts:
    """The posts to connections, with the endpoint and the credentials of `connections_api`."""
    api = connections_api()
    return ConnectionPosts(endpoint=api.meta.endpoint_url, region=api.meta.region_name, credentials=credentials())


def credentials() -> Credentials:
    """The credentials that sign the requests of all clients. Raises NoCredentialsError."""
    found: Credentials | None = session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def prepare(*clients: Callable[[], object]) -> None:
    """Create the clients that a handler needs during Lambda's init phase, so that no request waits for it.

    Outside Lambda this does nothing: the clients are created on first use, since no region may be configured yet.
    """
    if IN_LAMBDA:
        for client in clients:
            client()
