"""A signature is the one that botocore calculates, for every request that is sent."""

import datetime
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from functions.aws.signatures import signed_headers
from tests.unit.functions.aws.api_server import sign_at

NOW = datetime.datetime(2026, 12, 31, 23, 59, 59)  # noqa: DTZ001, as botocore's clock
REGION = "eu-west-1"

values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
names = st.sampled_from(["content-type", "x-amz-target", "a", "z"])
paths = st.text(max_size=30).map(lambda text: "/" + quote(text, safe=""))


@pytest.fixture(autouse=True, scope="module")
def stopped_clock() -> Iterator[None]:
    """Both signers read the same time."""
    with pytest.MonkeyPatch.context() as patch:
        sign_at(patch, NOW)
        yield


@given(
    path=paths,
    headers=st.dictionaries(names, values),
    body=st.binary(max_size=100),
    token=st.none() | values,
    secret=values,
    service=st.sampled_from(["dynamodb", "events", "execute-api"]),
)
def test_a_signature_is_that_of_botocore(
    path: str, headers: dict[str, str], body: bytes, token: str | None, secret: str, service: str
):
    """With the same names of signed headers, the same scope and the same time."""
    credentials = Credentials("AKID", secret, token)
    request = AWSRequest("POST", f"https://example.com{path}", data=body, headers=headers)
    SigV4Auth(credentials, service, REGION).add_auth(request)
    signed = signed_headers(
        credentials.get_frozen_credentials(),
        region=REGION,
        service=service,
        host="example.com",
        path=path,
        headers=headers,
        body=body,
    )
    assert signed == {"host": "example.com"} | {name.lower(): text for name, text in request.headers.items()}
