"""Posts to connections: encode once, post side by side, and let no connection stop another."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.clients import POSTS_AT_ONCE, connections_api
from functions.aws.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


class Outcome(Enum):
    """What became of one post."""

    DELIVERED = "delivered"
    GONE = "gone"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """The connections by what became of their post."""

    delivered: tuple[str, ...]
    gone: tuple[str, ...]
    undelivered: tuple[str, ...]


def post(text: str, connection_ids: Sequence[str]) -> Posted:
    """Post one text to many connections. 429 and 5xx were retried, each alone, when a post is undelivered."""
    # Made here once: boto3 does not promise that threads may make clients side by side.
    client = connections_api()
    data = text.encode()
    outcomes = _side_by_side(lambda connection_id: _post(client, data, connection_id), connection_ids)
    by_outcome: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    for connection_id, outcome in zip(connection_ids, outcomes, strict=True):
        by_outcome[outcome].append(connection_id)
    return Posted(
        delivered=tuple(by_outcome[Outcome.DELIVERED]),
        gone=tuple(by_outcome[Outcome.GONE]),
        undelivered=tuple(by_outcome[Outcome.UNDELIVERED]),
    )


def _side_by_side(task: Callable[[str], Outcome], items: Sequence[str]) -> list[Outcome]:
    if len(items) == 1:
        return [task(items[0])]
    return list(_pool().map(task, items))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=POSTS_AT_ONCE, thread_name_prefix="post")


def _post(client: "ApiGatewayManagementApiClient", data: bytes, connection_id: str) -> Outcome:
    try:
        client.post_to_connection(ConnectionId=connection_id, Data=data)
    except ClientError as refusal:
        code = refusal.response["Error"]["Code"]
        if code == "GoneException" or refusal.response["ResponseMetadata"]["HTTPStatusCode"] == 410:
            return Outcome.GONE
        logger.warning("a post failed", extra={"connectionId": connection_id, "errorCode": code})
        return Outcome.UNDELIVERED
    except BotoCoreError as fault:
        logger.warning("a post failed", extra={"connectionId": connection_id, "error": type(fault).__name__})
        return Outcome.UNDELIVERED
    return Outcome.DELIVERED
