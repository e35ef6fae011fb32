"""Posts to connections without boto3: a message to a hundred connections takes a hundred posts (ADR 35).

Each post is repeated by itself, up to four times, after 1, 2, 4 and 8 s at most, while the invocation has time. In
boto3's standard mode all calls share one quota of retries, which a throttled batch uses up after about a hundred:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import random
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from botocore.credentials import Credentials

from functions.aws import deadline
from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS, longest_pause
from functions.aws.signed_requests import HttpAnswer, LostRequestError, SignedRequests

MAX_CONCURRENT_POSTS = 40
MAX_POST_RETRIES = 4

RETRIED = frozenset({429, 500, 502, 503, 504})
# The name of the service in signatures, which is not the one of its endpoint.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
SIGNED_SERVICE = "execute-api"
ERROR_HEADER = "x-amzn-errortype"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the last attempt of a post."""

    status: int
    error_code: str
    """Such as `GoneException`. Empty if the post succeeded."""
    retries: int


class ConnectionPosts:
    """Posts to the connections of one API."""

    def __init__(self, *, endpoint: str, region: str, credentials: Credentials) -> None:
        self._requests = SignedRequests(
            endpoint=endpoint, service=SIGNED_SERVICE, region=region, credentials=credentials
        )

    def post_to_connection(self, connection_id: str, data: bytes) -> Answer:
        """Post to a connection. 429, 5xx and lost requests are retried.

        Raises LostRequestError if the last attempt has no answer, and OutOfTimeError if the invocation ends too
        soon for another attempt.
        """
        path = f"/@connections/{quote(connection_id, safe='')}"
        check_attempt()
        for retries in range(MAX_POST_RETRIES):
            try:
                answer = self._requests.post(path, data)
            except LostRequestError:
                pass
            else:
                if answer.status not in RETRIED:
                    return answer_of(answer, retries)
            pause = random.random() * longest_pause(retries + 1, MAX_POST_RETRIES)  # noqa: S311
            check_attempt(after=pause)
            deadline.sleep(pause)
        return answer_of(self._requests.post(path, data), MAX_POST_RETRIES)

    def close(self) -> None:
        """Close the connections to the API."""
        self._requests.close()


def answer_of(answer: HttpAnswer, retries: int) -> Answer:
    """The answer to a post. API Gateway sends the name of an error with the address of a type."""
    code = "" if answer.status == HTTPStatus.OK else answer.headers.get(ERROR_HEADER, "").partition(":")[0]
    return Answer(answer.status, code, retries)


def check_attempt(*, after: float = 0.0) -> None:
    """Raise OutOfTimeError if an attempt that starts `after` seconds from now might not end in time."""
    deadline.check(after + CONNECT_SECONDS + READ_SECONDS)
