"""Post to connections concurrently and close them. A failed post does not affect the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.clients import MAX_CONCURRENT_POSTS, connections_api
from functions.aws.concurrency import map_concurrently
from functions.aws.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


class Outcome(Enum):
    """The result of one post."""

    DELIVERED = "delivered"
    GONE = "gone"
    LIMITED = "limited"
    """Answered 429 after every retry: the client's buffer is full, or the account's quota is used up."""
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """The connection ids by the outcome of their post, and the number of retries of those that were retried."""

    delivered: tuple[str, ...]
    gone: tuple[str, ...]
    limited: tuple[str, ...]
    undelivered: tuple[str, ...]
    retries: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of connections that were posted to."""
        return len(self.delivered) + len(self.gone) + len(self.limited) + len(self.undelivered)


def post(text: str, connection_ids: Sequence[str]) -> Posted:
    """Post one text to many connections. 429 and 5xx are retried, per post."""
    client = connections_api()
    data = text.encode()
    outcomes = map_concurrently(
        lambda connection_id: _post(client, data, connection_id),
        connection_ids,
        max_concurrency=MAX_CONCURRENT_POSTS,
    )
    by_outcome: dict[Outcome, list[str]] = {outcome: [] for outcome in Outcome}
    retries: dict[str, int] = {}
    for connection_id, (outcome, retried) in zip(connection_ids, outcomes, strict=True):
        by_outcome[outcome].append(connection_id)
        if retried:
            retries[connection_id] = retried
    return Posted(
        delivered=tuple(by_outcome[Outcome.DELIVERED]),
        gone=tuple(by_outcome[Outcome.GONE]),
        limited=tuple(by_outcome[Outcome.LIMITED]),
        undelivered=tuple(by_outcome[Outcome.UNDELIVERED]),
        retries=retries,
    )


def close(connection_id: str) -> bool:
    """Close a connection. Return False if it is not open. Raises botocore's ClientError."""
    client = connections_api()
    try:
        client.delete_connection(ConnectionId=connection_id)
    except client.exceptions.GoneException:
        return False
    return True


def try_to_close(connection_id: str) -> bool:
    """Close a connection. Return False if it could not be closed; one that is not open counts as closed."""
    try:
        close(connection_id)
    except (BotoCoreError, ClientError):
        logger.exception("the connection was not closed", extra={"connectionId": connection_id})
        return False
    return True


def close_after(text: str, connection_id: str) -> bool:
    """Post a last text and close the connection. Return False if the text was not delivered or closing failed."""
    posted = post(text, (connection_id,))
    return try_to_close(connection_id) and bool(posted.delivered)


def _post(client: "ApiGatewayManagementApiClient", data: bytes, connection_id: str) -> tuple[Outcome, int]:
    """Post to one connection. Return the outcome and the number of retries."""
    try:
        answer = client.post_to_connection(ConnectionId=connection_id, Data=data)
    except ClientError as refusal:
        code, metadata = refusal.response["Error"]["Code"], refusal.response["ResponseMetadata"]
        retried = metadata.get("RetryAttempts", 0)
        if code == "GoneException" or metadata["HTTPStatusCode"] == 410:
            return Outcome.GONE, retried
        logger.warning("a post failed", extra={"connectionId": connection_id, "errorCode": code})
        is_limited = code == "LimitExceededException" or metadata["HTTPStatusCode"] == 429
        return Outcome.LIMITED if is_limited else Outcome.UNDELIVERED, retried
    except BotoCoreError as fault:
        logger.warning("a post failed", extra={"connectionId": connection_id, "error": type(fault).__name__})
        return Outcome.UNDELIVERED, 0
    return Outcome.DELIVERED, answer["ResponseMetadata"].get("RetryAttempts", 0)
