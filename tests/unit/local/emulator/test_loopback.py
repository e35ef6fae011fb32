"""Which requests the servers of the local stage answer."""

import pytest

from local.emulator import loopback


@pytest.mark.parametrize(
    ("headers", "is_answered"),
    [
        ({"host": "127.0.0.1:4566"}, True),
        ({"host": "localhost:4566"}, True),
        ({"host": "[::1]:4566"}, True),
        ({"host": "bucket.s3.localhost:4566"}, True),
        ({"host": "localhost:4566", "origin": "http://localhost:4280"}, True),
        ({"host": "localhost:4566", "origin": "http://127.0.0.1:4280", "sec-fetch-site": "cross-site"}, True),
        ({"host": "localhost:4566", "sec-fetch-site": "none"}, True),
        ({"host": "localhost:4566", "sec-fetch-site": "cross-site"}, False),
        ({"host": "localhost:4566", "origin": "https://evil.example"}, False),
        ({"host": "localhost:4566", "origin": "null"}, False),
        ({"host": "localhost:4566", "origin": "http://localhost.evil.example"}, False),
        ({"host": "rebound.evil.example:4566"}, False),
        ({"host": "localhost.evil.example"}, False),
        ({"host": "[::1"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_pages_of_other_websites_are_not_answered(headers: dict[str, str], is_answered: bool):
    """Neither by their own requests, nor by a name of theirs that resolves to this machine."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert (loopback.refusal(raw) is None) is is_answered


def test_the_origin_of_a_socket_is_left_to_the_authorizer():
    """As on AWS, where API Gateway accepts every origin. The host is checked."""
    headers = [(b"host", b"localhost:1"), (b"origin", b"https://evil.example")]
    assert loopback.refusal(headers, of_host_only=True) is None
    assert loopback.refusal([(b"host", b"evil.example")], of_host_only=True) is not None
