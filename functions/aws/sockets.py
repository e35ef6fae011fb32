"""Post to connections concurrently and close them. A failed post does not affect the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError

from functions.aws.clients import connection_posts, connections_api
from functions.aws.concurrency import map_concurrently
from functions.aws.connection_posts import MAX_CONCURRENT_POSTS, ConnectionPosts
from functions.aws.deadline import OutOfTimeError
from functions.aws.observability import logger
from functions.aws.signed_requests import LostRequestError


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
    posts = connection_posts()
    data = text.encode()
    outcomes = map_concurrently(
        lambda connection_id: _post(posts, data, connection_id),
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


def _post(posts: ConnectionPosts, data: bytes, connection_id: str) -> tuple[Outcome, int]:
    """Post to one connection. Return the outcome and the number of retries."""
    try:
        answer = posts.post_to_connection(connection_id, data)
    except (LostRequestError, OutOfTimeError) as fault:
        logger.warning("a post failed", extra={"connectionId": connection_id, "error": str(fault)})
        return Outcome.UNDELIVERED, 0
    if answer.status == HTTPStatus.OK:
        return Outcome.DELIVERED, answer.retries
    if answer.status == HTTPStatus.GONE:
        return Outcome.GONE, answer.retries
    logger.warning("a post failed", extra={"connectionId": connection_id, "errorCode": answer.error_code})
    is_limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS
    return Outcome.LIMITED if is_limited else Outcome.UNDELIVERED, answer.retries
