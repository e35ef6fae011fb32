"""Writes of logs, histories and traces are made soon, in order, and before someone reads."""

import contextvars
import threading

import pytest

from local.emulator import deferred_writes as module
from local.emulator.deferred_writes import DeferredWrites
from local.emulator.server import may_read_logs
from tests.waiting import DEADLINE_SECONDS, wait_until

account: contextvars.ContextVar[str] = contextvars.ContextVar("account", default="none")


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> DeferredWrites:
    """Writes that are not made by themselves while a test runs."""
    monkeypatch.setattr(module, "COLLECT_SECONDS", 3600)
    return DeferredWrites()


def test_writes_are_made_soon():
    """By another thread."""
    writes, made = DeferredWrites(), []
    writes.add(lambda: made.append(threading.current_thread().name))
    wait_until(lambda: made, "the write was made")
    assert made == ["deferred-writes"]


def test_a_reader_finds_all_writes_in_order(later: DeferredWrites):
    """`flush` makes those that wait, with the context of the caller."""
    made: list[tuple[int, str]] = []

    def write(number: int) -> None:
        made.append((number, account.get()))

    for number in range(3):
        account.set(f"account {number}")
        later.add(write, number)
    account.set("reader")
    assert made == []
    later.flush()
    later.flush()
    assert made == [(number, f"account {number}") for number in range(3)]


def test_a_reader_waits_for_a_write_that_is_being_made(later: DeferredWrites):
    """Another thread has taken it, and nothing else waits."""
    begun, may_end, made = threading.Event(), threading.Event(), []

    def write() -> None:
        begun.set()
        may_end.wait(DEADLINE_SECONDS)
        made.append("written")

    later.add(write)
    threading.Thread(target=later.flush, daemon=True).start()
    assert begun.wait(DEADLINE_SECONDS)

    def read() -> None:
        later.flush()
        made.append("read")

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(0.1)
    may_end.set()
    reader.join(DEADLINE_SECONDS)
    assert made == ["written", "read"]


def test_a_failed_write_does_not_stop_the_others(later: DeferredWrites, caplog: pytest.LogCaptureFixture):
    """It is logged."""
    made: list[int] = []

    def fail() -> None:
        raise OSError("no log group")

    later.add(fail)
    later.add(made.append, 1)
    later.flush()
    assert made == [1]
    assert "was not written" in caplog.text


def test_a_caller_writes_when_too_many_wait(later: DeferredWrites, monkeypatch: pytest.MonkeyPatch):
    """What waits is bounded."""
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    made: list[int] = []
    for number in range(3):
        later.add(made.append, number)
    assert made == [0, 1, 2]


@pytest.mark.parametrize(
    ("path", "target", "reads"),
    [
        ("/", b"Logs_20140328.FilterLogEvents", True),
        ("/", b"", True),
        ("/TraceSummaries", b"", True),
        ("/_parley/metrics", b"", True),
        ("/service/GraniteServiceVersion20100801/operation/GetMetricData", b"", True),
        ("/", b"DynamoDB_20120810.UpdateItem", False),
        ("/", b"AWSEvents.PutEvents", False),
        ("/_aws/execute-api/a/socket/@connections/c", b"", False),
    ],
)
def test_requests_of_a_message_do_not_wait_for_writes(path: str, target: bytes, reads: bool):
    """All others do, whatever they read."""
    assert may_read_logs(path, target) is reads
