"""Requests are encrypted as AWS requires it, and one connection carries many of them."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from functions.aws import signed_requests
from functions.aws.deadline import READ_SECONDS
from functions.aws.signed_requests import LostRequestError, SignedRequests, WholeConnection
from tests.unit.functions.aws.api_server import Api, api

__all__ = ["api"]

BODY = b"x" * 100_000
"""Several records of TLS."""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, which signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + built.public_bytes(encoding))
    return path


@pytest.fixture
def endpoint(api: Api, certificate: Path) -> Iterator[str]:
    """The server, which accepts encrypted connections only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    api.server.socket = context.wrap_socket(api.server.socket, server_side=True)
    signed_requests.encryption.cache_clear()
    yield f"https://localhost:{api.server.server_port}/socket"
    signed_requests.encryption.cache_clear()


def client(endpoint: str) -> SignedRequests:
    """A client of the server."""
    return SignedRequests(
        endpoint=endpoint, service="execute-api", region="eu-west-1", credentials=Credentials("AKID", "secret")
    )


def test_encrypted_requests_share_a_connection(
    api: Api, endpoint: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    """The tickets that a server sends after the handshake of TLS 1.3 do not look like its end."""
    monkeypatch.setattr(signed_requests, "get_cert_path", lambda _verify: str(certificate))
    requests = client(endpoint)
    for _ in range(4):
        answer = requests.post("/@connections/a", BODY)
        assert (answer.status, answer.body) == (200, b"{}")
    connection = requests._of_thread.connection
    assert connection.sock.version() == "TLSv1.3"
    assert connection.sock.gettimeout() == READ_SECONDS
    requests.close()
    assert len(api.clients) == 1
    assert [(path, body) for path, _, body in api.requests] == [("/socket/@connections/a", BODY)] * 4


def test_a_server_with_an_unknown_certificate_gets_nothing(api: Api, endpoint: str):
    """A server in place of AWS gets neither the text nor a signature."""
    with pytest.raises(LostRequestError, match="CERTIFICATE_VERIFY_FAILED"):
        client(endpoint).post("/@connections/a", b"hello")
    assert api.requests == []


class RecordingSocket:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep bytes."""
        self.sent.append(data)


def test_head_and_body_are_sent_at_once():
    """In one record of TLS, so that the receiver does not wait for the second one."""
    connection = WholeConnection("localhost")
    connection.sock = RecordingSocket()
    connection.request("POST", "/", b"hello", {"a": "b"})
    [request] = connection.sock.sent
    assert request.startswith(b"POST / HTTP/1.1\r\n")
    assert request.endswith(b"a: b\r\n\r\nhello")
