"""The direct design sends the same posts as Parley, signed by botocore and sent by urllib3."""

import datetime
import importlib

import boto3
import pytest
import urllib3

from functions.aws.connection_posts import ConnectionPosts
from tests.unit.functions.aws.api_server import api, sign_at
from tests.unit.functions.aws.test_connection_posts import CONNECTION_ID, REGION

__all__ = ["api"]


@pytest.fixture
def function(api, monkeypatch: pytest.MonkeyPatch):
    """The function, which posts to the server of the test."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", api.endpoint)
    for name in ("CONNECTIONS_TABLE", "MESSAGES_TABLE"):
        monkeypatch.setenv(name, name)
    module = importlib.import_module("bench.baseline.function")
    session = boto3.Session("AKID", "secret", region_name=REGION)
    monkeypatch.setattr(module, "session", session)
    monkeypatch.setattr(module, "credentials", session.get_credentials())
    monkeypatch.setattr(module, "endpoint", api.endpoint)
    monkeypatch.setattr(module, "api_stage", "/socket")
    monkeypatch.setattr(module, "pool", urllib3.connection_from_url(api.endpoint))
    return module


def test_a_post_is_the_one_of_parley(api, function, monkeypatch: pytest.MonkeyPatch):
    """The same path, body and signature."""
    at = datetime.datetime(2026, 11, 29, 12, 0, 0)  # noqa: DTZ001, as botocore's clock
    sign_at(monkeypatch, at)
    function.post(CONNECTION_ID, b"hello")
    posts = ConnectionPosts(endpoint=api.endpoint, region=REGION, credentials=function.credentials)
    posts.post_to_connection(CONNECTION_ID, b"hello")
    posts.close()
    (path, headers, body), (own_path, own_headers, own_body) = api.requests
    assert (path, body, headers["x-amz-date"]) == (own_path, own_body, own_headers["x-amz-date"])
    assert headers["authorization"] == own_headers["authorization"]


def test_a_post_is_repeated_and_a_closed_connection_is_skipped(api, function):
    """As by boto3. Any other answer fails the invocation."""
    api.plan = [503, 200, 410, 403]
    function.post(CONNECTION_ID, b"hello")
    function.post(CONNECTION_ID, b"hello")
    with pytest.raises(RuntimeError, match="403"):
        function.post(CONNECTION_ID, b"hello")
    assert len(api.requests) == 4
