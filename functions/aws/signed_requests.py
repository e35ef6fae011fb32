"""Signed POST requests by the HTTP client of the standard library, with no more work than AWS needs (ADR 35)."""

import select
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.credentials import Credentials
from botocore.httpsession import get_cert_path

from functions.aws.deadline import CONNECT_SECONDS, READ_SECONDS
from functions.aws.signatures import signed_headers

NONE: Mapping[str, str] = {}


class LostRequestError(Exception):
    """A request has no answer: it may have arrived or not."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, whatever its status."""

    status: int
    headers: HTTPMessage
    body: bytes


class SignedRequests:
    """Sends requests to one endpoint. Each thread has its own connection, which is kept."""

    def __init__(self, *, endpoint: str, service: str, region: str, credentials: Credentials) -> None:
        """`service` is its name in signatures, which can differ from the one in the endpoint."""
        address = urlsplit(endpoint)
        self._host = address.netloc
        self._path = address.path.rstrip("/")
        self._is_encrypted = address.scheme == "https"
        self._service = service
        self._region = region
        self._credentials = credentials
        self._of_thread = threading.local()
        self._connections: list[HTTPConnection] = []
        if self._is_encrypted:
            encryption()  # when a function starts, and not for its first request

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str] = NONE, *, unsigned: Mapping[str, str] = NONE
    ) -> HttpAnswer:
        """Send a request once. The names of its headers are in lower case. Raises LostRequestError.

        `unsigned` are the headers that may be changed on the way.
        """
        path = self._path + path
        signed = signed_headers(
            self._credentials.get_frozen_credentials(),
            region=self._region,
            service=self._service,
            host=self._host,
            path=path,
            headers=headers,
            body=body,
        )
        connection = self._connection()
        try:
            connection.request("POST", path, body, {**signed, **unsigned, "user-agent": "parley"})
            response = connection.getresponse()
            return HttpAnswer(response.status, response.headers, response.read())
        except (OSError, HTTPException) as fault:
            # What is left of this answer must not be taken for the next one.
            connection.close()
            raise LostRequestError(f"{type(fault).__name__}: {fault}") from fault

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def _connection(self) -> HTTPConnection:
        """The connection of this thread. One that the server has closed is opened again by its next request."""
        known: HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if known is None:
            known = (
                EncryptedConnection(self._host, timeout=CONNECT_SECONDS, context=encryption())
                if self._is_encrypted
                else WholeConnection(self._host, timeout=CONNECT_SECONDS)
            )
            self._of_thread.connection = known
            self._connections.append(known)
        elif known.sock is not None and is_readable(known.sock):
            known.close()
        return known


class WholeConnection(HTTPConnection):
    """Sends the head and the body of a request at once, and waits less long for a connection than for an answer.

    The standard library sends head and body one after the other: two records of TLS, and the receiver waits for
    the second one while another thread of this process signs its request.
    """

    _parts: list[bytes] | None = None

    def connect(self) -> None:
        """Open the connection."""
        super().connect()
        self.sock.settimeout(READ_SECONDS)

    def request(self, *request: Any, **options: Any) -> None:
        """Send a request, whose body is bytes."""
        self._parts = parts = list[bytes]()
        try:
            super().request(*request, **options)
        finally:
            self._parts = None
        self.send(b"".join(parts))

    def send(self, data: Any) -> None:
        """Send bytes, or keep them until the request is complete."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class EncryptedConnection(WholeConnection, HTTPSConnection):
    """A connection to AWS."""


def is_readable(sock: Any) -> bool:
    """Whether something can be read from an idle connection: its end, or what no request asked for."""
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


@cache
def encryption() -> ssl.SSLContext:
    """The context of all connections. To read the file of certificates takes long."""
    return ssl.create_default_context(cafile=get_cert_path(True))
