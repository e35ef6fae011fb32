"""The AWS clients, with their timeouts and retries: each created on first use and kept for the process."""

import os
from collections.abc import Callable
from functools import cache
from threading import get_ident
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS, limit
from functions.aws.tracing import untraced

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_events import EventBridgeClient

MAX_CONCURRENCY = 16
MAX_CONCURRENT_POSTS = 40
MAX_RETRIES = 3
MAX_POST_RETRIES = 4

_TIMEOUTS = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    user_agent="parley",
    # In Lambda, botocore does not check the shapes of parameters: a twentieth of a call's processor time. They are
    # typed, the unit tests run with the checks, and AWS refuses what is wrong.
    parameter_validation="AWS_LAMBDA_FUNCTION_NAME" not in os.environ,
)
# A connection for each thread that calls: a thread without one in the pool opens a connection and then drops it.
_CONFIG = _TIMEOUTS.merge(
    Config(retries={"mode": "standard", "max_attempts": MAX_RETRIES}, max_pool_connections=MAX_CONCURRENCY)
)
# Not the standard mode: there all calls of a client share one retry quota, and a throttled batch of posts uses it
# up after about a hundred retries. In the legacy mode each post has its own four retries.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_POSTS_CONFIG = _TIMEOUTS.merge(
    Config(retries={"mode": "legacy", "max_attempts": MAX_POST_RETRIES}, max_pool_connections=MAX_CONCURRENT_POSTS)
)


@cache
def dynamodb() -> "DynamoDBServiceResource":
    """DynamoDB as a resource. It and its `meta.client` convert between Python and DynamoDB values."""
    resource = boto3.resource("dynamodb", config=_CONFIG)
    limit(resource.meta.client, retries=MAX_RETRIES)
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
    return limit(boto3.client("events", config=_CONFIG), retries=MAX_RETRIES)


@cache
def parameters() -> Any:
    """Parameter Store."""
    client: Any = boto3.client("ssm", config=_CONFIG)
    return limit(client, retries=MAX_RETRIES)


@cache
def connections_api() -> "ApiGatewayManagementApiClient":
    """The API that posts to connections and closes them. 429 and 5xx are retried, per post.

    botocore takes the endpoint from the environment variable AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI.
    """
    client = boto3.client("apigatewaymanagementapi", config=_POSTS_CONFIG)
    return limit(untraced(client), retries=MAX_POST_RETRIES)


def prepare(*clients: Callable[[], object]) -> None:
    """Create the clients that a handler needs during Lambda's init phase, so that no request waits for it.

    Outside Lambda this does nothing: the clients are created on first use, since no region may be configured yet.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        for client in clients:
            client()
