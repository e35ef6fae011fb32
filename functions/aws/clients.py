"""The AWS clients, each made once per process and only when something asks for it."""

import os
from collections.abc import Callable
from functools import cache
from threading import get_ident
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from functions.aws.tracing import untraced

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_dynamodb import DynamoDBServiceResource
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_events import EventBridgeClient

MAX_CONCURRENT_POSTS = 40

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=2, read_timeout=5)
# Not the standard mode: its retries draw on one quota per client, which a batch that is throttled as a whole
# has used up after a hundred; here each post has its own.
_POSTS_CONFIG = Config(
    retries={"mode": "legacy", "max_attempts": 4},
    connect_timeout=2,
    read_timeout=5,
    max_pool_connections=MAX_CONCURRENT_POSTS,
)


@cache
def dynamodb() -> "DynamoDBServiceResource":
    """DynamoDB, speaking Python values. Its `meta.client` does too, transactions included."""
    return boto3.resource("dynamodb", config=_CONFIG)


def table(name: str) -> "Table":
    """One table. Each thread has its own: boto3's clients may be shared by threads, its resources may not."""
    return table_of_thread(name, get_ident())


@cache
def table_of_thread(name: str, _thread: int) -> "Table":
    """One table, for one thread."""
    return dynamodb().Table(name)


@cache
def event_bridge() -> "EventBridgeClient":
    """EventBridge."""
    return boto3.client("events", config=_CONFIG)


@cache
def connections_api() -> "ApiGatewayManagementApiClient":
    """The API that posts to connections. Retries cover 429 and 5xx, each post by itself.

    The endpoint is the environment's AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, which botocore knows.
    """
    return untraced(boto3.client("apigatewaymanagementapi", config=_POSTS_CONFIG))


def prepare(*clients: Callable[[], object]) -> None:
    """Make the clients that a handler will need while Lambda initialises it, not while somebody waits.

    Elsewhere, where there may be no region yet, they are made when something asks for them.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        for client in clients:
            client()
