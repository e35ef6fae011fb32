"""Fixtures of the handler tests. Everything that is logged is searched for the text of messages."""

import io
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from functions.aws import clients, deadline
from functions.aws.observability import logger
from tests.unit.builders import SECRET, LambdaContext


class Logs:
    """What the functions wrote: log lines, and metrics in the embedded metric format."""

    def __init__(self, stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self._stream = stream
        self._capsys = capsys
        self._printed = ""

    @property
    def text(self) -> str:
        """Everything that was written."""
        self._printed += "".join(self._capsys.readouterr())
        return self._stream.getvalue() + self._printed

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines, parsed. A line that is not JSON fails the test."""
        return [json.loads(line) for line in self.text.splitlines()]

    def messages(self) -> list[str]:
        """The messages of the log lines."""
        return [line["message"] for line in self.lines if "message" in line]

    def metric(self, name: str) -> list[float]:
        """The values of a metric."""
        return [value for line in self.lines if "_aws" in line and name in line for value in line[name]]


@pytest.fixture(autouse=True)
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Logs]:
    """The logs of a test. Fails the test if they contain the text of a message."""
    stream = io.StringIO()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    written = Logs(stream, capsys)
    yield written
    handler.setStream(before or io.StringIO())
    logger.remove_keys(["correlationId", "connectionId", "userId"])
    assert SECRET not in written.text, "a message's text was logged"


Call = Callable[..., Any]


@pytest.fixture
def call() -> Call:
    """Call a handler as Lambda does. Its answer must be JSON and contain nothing of the code."""

    def called(handler: Callable[[dict[str, Any], Any], Any], event: dict[str, Any]) -> Any:
        answer = handler(json.loads(json.dumps(event)), LambdaContext())
        text = json.dumps(answer)
        assert not any(part in text for part in ("Traceback", "File \\", ".py", "botocore", "Exception"))
        return answer

    return called


class Sockets:
    """The connections that can be posted to: the frames they received, and the planned answers."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}
        self.received: dict[str, list[dict[str, Any]]] = {}
        self.attempts: dict[str, int] = {}
        self.closings: dict[str, list[int]] = {}
        self.closed: list[str] = []
        self._lock = threading.Lock()

    def post(self, connection_id: str, text: str) -> int:
        """Return the status of a post: as planned, then 200."""
        with self._lock:
            self.attempts[connection_id] = self.attempts.get(connection_id, 0) + 1
            planned = self.answers.get(connection_id)
            status = planned.pop(0) if planned else 200
            if status == 200:
                self.received.setdefault(connection_id, []).append(json.loads(text))
            return status

    def close(self, connection_id: str) -> int:
        """Return the status of closing: as planned, then 204."""
        with self._lock:
            planned = self.closings.get(connection_id)
            status = planned.pop(0) if planned else 204
            if status == 204:
                self.closed.append(connection_id)
            return status


ERRORS = {410: "GoneException", 429: "LimitExceededException", 403: "ForbiddenException"}


class PostHandler(BaseHTTPRequestHandler):
    """POST /@connections/{connectionId}, as API Gateway's management API answers it."""

    protocol_version = "HTTP/1.1"
    sockets: Sockets

    def do_POST(self) -> None:
        """Receive a post."""
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        prefix, connection_id = unquote(self.path).rsplit("/", 1)
        status = self.sockets.post(connection_id, text) if prefix == "/@connections" else 404
        body = b"" if status == 200 else b'{"message": "planned"}'
        self.send_response(status)
        self.send_header("x-amzn-errortype", ERRORS.get(status, "InternalServerError"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_DELETE(self) -> None:
        """Close a connection."""
        connection_id = unquote(self.path).rsplit("/", 1)[1]
        status = self.sockets.close(connection_id)
        self.send_response(status)
        self.send_header("x-amzn-errortype", ERRORS.get(status, "InternalServerError"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class PostServer(ThreadingHTTPServer):
    """A server that does not wait for open connections when it is closed."""

    daemon_threads = True
    request_queue_size = 128


@pytest.fixture(scope="session")
def post_server() -> Iterator[str]:
    """The address of a local server that receives posts."""
    server = PostServer(("127.0.0.1", 0), PostHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sockets(post_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sockets]:
    """The connections of one test. Retries do not wait."""
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", post_server)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    monkeypatch.setattr(deadline, "sleep", lambda _: None)
    for client in (clients.connections_api, clients.connection_posts):
        client.cache_clear()
    PostHandler.sockets = Sockets()
    yield PostHandler.sockets
    for client in (clients.connections_api, clients.connection_posts):
        if client.cache_info().currsize:
            client().close()
            client.cache_clear()
