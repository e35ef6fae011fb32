"""A post is what boto3 would send, and is repeated by itself, while its invocation has time."""

import datetime
import ssl
from collections.abc import Iterator
from types import SimpleNamespace

import boto3
import pytest
from botocore.credentials import Credentials

from functions.aws import deadline
from functions.aws.connection_posts import MAX_POST_RETRIES, Answer, ConnectionPosts
from functions.aws.deadline import ANSWER_SECONDS, CONNECT_SECONDS, READ_SECONDS, OutOfTimeError
from functions.aws.signed_requests import LostRequestError, encryption
from tests.unit.functions.aws.api_server import CLOSES, Api, Clock, api, clock, sign_at

__all__ = ["api", "clock"]

pytestmark = pytest.mark.usefixtures("clock")
ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
REGION = "eu-west-1"
KEYS = ("access", "secret", "token")
CONNECTION_ID = "L0SM9cOFvHcCIhw="


@pytest.fixture
def posts(api: Api) -> Iterator[ConnectionPosts]:
    """The client under test."""
    posts = ConnectionPosts(endpoint=api.endpoint, region=REGION, credentials=Credentials(*KEYS))
    yield posts
    posts.close()


def post_within(seconds: float, posts: ConnectionPosts) -> Answer:
    """Post in an invocation that Lambda stops after `seconds`."""
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: round(seconds * 1000))
    answer: Answer = deadline.bounded(lambda _event, _context: posts.post_to_connection(CONNECTION_ID, b"hi"))(
        {}, context
    )
    return answer


def test_the_request_is_the_one_of_boto3(api: Api, posts: ConnectionPosts, monkeypatch: pytest.MonkeyPatch):
    """The path, the body, and a signature with the same content. The id contains a character to be encoded."""
    at = datetime.datetime(2026, 11, 29, 12, 0, 0)  # noqa: DTZ001, as botocore's clock
    sign_at(monkeypatch, at)
    access, secret, token = KEYS
    session = boto3.Session(access, secret, token, REGION)
    boto = session.client("apigatewaymanagementapi", endpoint_url=api.endpoint)
    boto.post_to_connection(ConnectionId=CONNECTION_ID, Data=b"hello")
    boto.close()
    assert posts.post_to_connection(CONNECTION_ID, b"hello") == Answer(200, "", 0)
    (path, headers, body), (own_path, own_headers, own_body) = api.requests
    assert (own_path, own_body) == (path, body) == ("/socket/@connections/L0SM9cOFvHcCIhw%3D", b"hello")
    for name in ("authorization", "x-amz-date", "x-amz-security-token"):
        assert own_headers[name] == headers[name]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, CLOSES])
def test_what_may_pass_is_repeated(api: Api, posts: ConnectionPosts, clock: Clock, status: int):
    """With a pause that doubles; the answer says how often."""
    api.plan = [status] * MAX_POST_RETRIES
    assert posts.post_to_connection(CONNECTION_ID, b"hi") == Answer(200, "", MAX_POST_RETRIES)
    assert clock.pauses == [1, 2, 4, 8]
    assert [body for _, _, body in api.requests] == [b"hi"] * (MAX_POST_RETRIES + 1)


def test_after_the_last_repetition_the_answer_is_returned(api: Api, posts: ConnectionPosts):
    """An error with its code, which API Gateway sends with the address of a type."""
    api.plan = [429] * 9
    assert posts.post_to_connection(CONNECTION_ID, b"hi") == Answer(429, "Error429", MAX_POST_RETRIES)
    assert len(api.requests) == MAX_POST_RETRIES + 1


def test_a_server_that_is_lost_raises(api: Api, posts: ConnectionPosts):
    """After the last repetition."""
    api.plan = [CLOSES] * 9
    with pytest.raises(LostRequestError):
        posts.post_to_connection(CONNECTION_ID, b"hi")
    assert len(api.requests) == MAX_POST_RETRIES + 1


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_cannot_pass_is_not_repeated(api: Api, posts: ConnectionPosts, status: int):
    """The connection is gone, or the request is refused."""
    api.plan = [status] * 9
    assert posts.post_to_connection(CONNECTION_ID, b"hi") == Answer(status, f"Error{status}", 0)


def test_no_redirect_is_followed(api: Api, posts: ConnectionPosts):
    """API Gateway sends none, and another server must not get the frame."""
    api.plan = [307] * 9
    assert posts.post_to_connection(CONNECTION_ID, b"hi").status == 307
    assert len(api.requests) == 1


@pytest.mark.parametrize(("seconds", "attempts"), [(4, 1), (4.9, 1), (5, 2), (6.9, 2), (7, 3), (11, 4), (19, 5)])
@pytest.mark.parametrize("status", [500, CLOSES])
def test_an_attempt_starts_only_if_it_ends_in_time(
    api: Api, posts: ConnectionPosts, clock: Clock, seconds: float, attempts: int, status: int
):
    """After 1, 3, 7 and 15 s of pauses. No pause precedes an attempt that is refused."""
    api.plan = [status] * 9
    error = OutOfTimeError if attempts <= MAX_POST_RETRIES else LostRequestError
    if error is LostRequestError and status == 500:
        assert post_within(seconds, posts).status == 500
    else:
        with pytest.raises(error):
            post_within(seconds, posts)
    assert len(api.requests) == attempts
    assert clock.now + ATTEMPT_SECONDS <= 1000 + seconds - ANSWER_SECONDS


def test_without_time_for_an_attempt_nothing_is_posted(api: Api, posts: ConnectionPosts):
    """Lambda would stop the function before it can say what was delivered."""
    with pytest.raises(OutOfTimeError):
        post_within(ATTEMPT_SECONDS + ANSWER_SECONDS - 0.1, posts)
    assert api.requests == []


def test_the_connection_is_kept(api: Api, posts: ConnectionPosts):
    """Opening one takes a handshake of TLS."""
    for _ in range(5):
        posts.post_to_connection(CONNECTION_ID, b"hi")
    assert len(api.clients) == 1


def test_the_certificate_of_an_encrypted_endpoint_is_checked():
    """As on AWS. All connections share one context."""
    context = encryption()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs()
