"""Fixtures of the unit tests: a clock that a test advances, and a stage in memory.

AWS is mocked for the whole session, so that clients are created once; each test that uses a stage gets an empty
one.
"""

import os
import signal
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from moto import mock_aws

from functions.aws import clients, clock, members, observability
from functions.logic import frame_rate, registration
from functions.settings import FunctionSettings
from tests.unit import faster_moto
from tests.unit.builders import NOW_MS
from tests.unit.stage import Stage

QUICK_EXAMPLES = 30
THOROUGH_EXAMPLES = 100
"""The examples of a property test, without and with `--thorough`."""

os.environ |= {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Parley",
    "POWERTOOLS_SERVICE_NAME": "tests",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


faster_moto.install()

# A program that a script starts in the background ignores Ctrl-C. Tests send it to themselves.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Set the number of examples, before property tests are imported."""
    examples = THOROUGH_EXAMPLES if config.getoption("--thorough") else QUICK_EXAMPLES
    settings.register_profile("parley", deadline=None, database=None, max_examples=examples)
    settings.load_profile("parley")


LOOPBACK = ("127.0.0.1", "::1", "localhost", "", None)


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that looks up a host of the network: it would wait there, or call AWS."""
    hosts = []
    look_up = socket.getaddrinfo

    def noted(host: Any, *arguments: Any, **options: Any) -> Any:
        hosts.append(host.decode() if isinstance(host, bytes) else host)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    yield
    assert [host for host in hosts if host not in LOOPBACK] == []


class Clock:
    """The server's time, which changes only when a test advances it."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def advance(self, milliseconds: int) -> None:
        """Advance the time."""
        self.now_ms += milliseconds

    def time_ns(self) -> int:
        """The time in nanoseconds, as `time.time_ns` of the standard library."""
        return self.now_ms * 1_000_000


@pytest.fixture(autouse=True)
def server_time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all functions."""
    stopped = Clock(NOW_MS)
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=stopped.time_ns))
    return stopped


@pytest.fixture(autouse=True)
def clear_caches() -> None:
    """Clear what functions keep between invocations: caches, and metrics that were counted and not written."""
    observability.metrics().clear_metrics()
    FunctionSettings.__dict__["from_env"].__func__.cache_clear()
    registration._register.cache_clear()
    members._bursts.clear()
    frame_rate._uncounted.clear()


@pytest.fixture(scope="session")
def aws() -> Iterator[Stage]:
    """Mocked AWS, and clients that use it."""
    with mock_aws():
        clients.dynamodb.cache_clear()
        clients.event_bridge.cache_clear()
        clients.table_of_thread.cache_clear()
        stage = Stage()
        stage.create()
        yield stage


@pytest.fixture
def stage(aws: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An empty stage, whose names are in the environment variables of functions."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    aws.clear()
    return aws
