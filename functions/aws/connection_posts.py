"""Posts to connections, which botocore signs and urllib3 sends: half of the processor time of a call of boto3.

A message to a hundred connections takes a hundred posts: most of what its delivery costs. boto3 spends as much
again on what a post does not need, such as the choice of an endpoint (ADR 33). The code must run with urllib3 1.26
too: the Lambda runtime chooses the version.
"""

import random
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import get_cert_path
from urllib3 import PoolManager, Retry, Timeout

from functions.aws import deadline
from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS, longest_pause

MAX_CONCURRENT_POSTS = 40
MAX_POST_RETRIES = 4

RETRIED = frozenset({429, 500, 502, 503, 504})
# The name of the service in signatures, which is not the one of its endpoint.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
SIGNED_SERVICE = "execute-api"
ERROR_HEADER = "x-amzn-errortype"


class RetryInTime(Retry):
    """Up to four retries of each post by itself, after 1, 2, 4 and 8 s at most, while the invocation has time.

    In boto3's standard mode all calls share one quota of retries, which a throttled batch uses up after about a
    hundred: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    """

    def get_backoff_time(self) -> float:
        """Return the pause before the next attempt (seconds), a random part of the longest one."""
        return random.random() * longest_pause(len(self.history), MAX_POST_RETRIES)  # noqa: S311

    def sleep(self, response: Any = None) -> None:
        """Sleep before the next attempt. Raises OutOfTimeError if it might not end in time."""
        pause = self.get_backoff_time()
        check_attempt(after=pause)
        deadline.sleep(pause)


# urllib3 returns the last answer if it is an error, and raises MaxRetryError if the last attempt had none.
RETRIES = RetryInTime(
    total=MAX_POST_RETRIES,
    redirect=0,
    status_forcelist=RETRIED,
    allowed_methods=frozenset({"POST"}),
    raise_on_status=False,
    respect_retry_after_header=False,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the last attempt of a post."""

    status: int
    error_code: str
    """Such as `GoneException`. Empty if the post succeeded."""
    retries: int


class ConnectionPosts:
    """Posts to the connections of one API. Its connections are kept, one for each thread that posts."""

    def __init__(self, *, endpoint: str, region: str, credentials: Credentials) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._path = urlsplit(self._endpoint).path
        self._region = region
        self._credentials = credentials
        is_encrypted = self._endpoint.startswith("https:")
        manager = PoolManager(
            maxsize=MAX_CONCURRENT_POSTS,
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            # One context for all connections: each would read the file of certificates again.
            ssl_context=ssl.create_default_context(cafile=get_cert_path(True)) if is_encrypted else None,
        )
        self._pool = manager.connection_from_url(self._endpoint)

    def post_to_connection(self, connection_id: str, data: bytes) -> Answer:
        """Post to a connection. 429, 5xx and lost requests are retried.

        Raises urllib3's HTTPError if the last attempt has no answer, and OutOfTimeError if the invocation ends too
        soon for another attempt.
        """
        check_attempt()
        path = f"/@connections/{quote(connection_id, safe='')}"
        answer = self._pool.urlopen(
            "POST", self._path + path, body=data, headers=self._signed(path, data), retries=RETRIES, redirect=False
        )
        code = "" if answer.status == HTTPStatus.OK else answer.headers.get(ERROR_HEADER, "").partition(":")[0]
        return Answer(answer.status, code, len(answer.retries.history) if answer.retries else 0)

    def close(self) -> None:
        """Close the connections to the API."""
        self._pool.close()

    def _signed(self, path: str, data: bytes) -> dict[str, str]:
        """The headers of a request. A signature is valid for five minutes, and so for the retries too."""
        request = AWSRequest("POST", self._endpoint + path, data=data, headers={"User-Agent": "parley"})
        SigV4Auth(self._credentials.get_frozen_credentials(), SIGNED_SERVICE, self._region).add_auth(request)
        return dict(request.headers.items())


def check_attempt(*, after: float = 0.0) -> None:
    """Raise OutOfTimeError if an attempt that starts `after` seconds from now might not end in time."""
    deadline.check(after + CONNECT_SECONDS + READ_SECONDS)
