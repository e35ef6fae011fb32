"""A server in place of one of AWS, and clocks: for the pauses between requests to it, and for their signatures."""

import datetime
import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from functions.aws import deadline, signatures

CLOSES = 0
"""In a plan: the server closes the connection without an answer."""


class Api:
    """A server in place of one of AWS: the requests that it received, and its planned answers."""

    def __init__(self) -> None:
        self.plan: list[int | tuple[int, bytes]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.closes_connections = False
        """Whether the server closes each connection after an answer, without saying so."""
        self.clients: set[tuple[str, int]] = set()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                api.clients.add(self.client_address)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.requests.append((self.path, {key.lower(): text for key, text in self.headers.items()}, body))
                planned = api.plan.pop(0) if api.plan else 200
                status, answer = (planned, b"{}") if isinstance(planned, int) else planned
                if status == CLOSES:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("x-amzn-ErrorType", f"Error{status}:http://internal.amazon.com/")
                self.send_header("x-amzn-RequestId", "r-1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                self.close_connection = api.closes_connections

            def log_message(self, *_: Any) -> None:
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/socket"


@pytest.fixture
def api() -> Iterator[Api]:
    """The server of one test."""
    api = Api()
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield api
    api.server.shutdown()
    thread.join()
    api.server.server_close()


class Clock:
    """Time that passes in pauses only. Each is the longest that can be chosen."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def sign_at(patch: pytest.MonkeyPatch, at: datetime.datetime) -> None:
    """Let botocore's signer and the functions' own sign at this time, which has no zone, as botocore's clock."""
    patch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: at)
    patch.setattr(signatures, "time", SimpleNamespace(gmtime=at.timetuple, strftime=time.strftime))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of one test."""
    clock = Clock()
    monkeypatch.setattr(deadline, "time", clock)
    monkeypatch.setattr(random, "random", lambda: 1.0)
    return clock
