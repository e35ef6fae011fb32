"""An invocation ends before its timeout, whatever AWS does: it answers nothing, late, or with errors."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.retries.standard import ExponentialBackoff
from hypothesis import example, given
from hypothesis import strategies as st

from functions.aws import clients, deadline
from functions.aws.deadline import ANSWER_SECONDS, CONNECT_SECONDS, READ_SECONDS, OutOfTimeError

ATTEMPT_SECONDS = CONNECT_SECONDS + READ_SECONDS
FAILED = b'{"__type": "InternalServerError"}'
THROTTLED = b'{"__type": "ThrottlingException"}'
# What a service does with an attempt, and the longest that it takes to do it.
OUTCOMES = ("answers", "is silent", "fails", "throttles")


class VirtualTime:
    """Time that passes only in attempts and pauses, which both take as long as they can."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.started: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Service:
    """A service whose attempts end as planned, each at its last moment; after the plan it is silent."""

    def __init__(self, clock: VirtualTime, plan: list[str]) -> None:
        self._clock = clock
        self._plan = iter(plan)

    def send(self, request: Any) -> Any:
        """Be botocore's HTTP session."""
        self._clock.started.append(self._clock.now)
        self._clock.now += ATTEMPT_SECONDS
        outcome = next(self._plan, "is silent")
        if outcome == "is silent":
            raise ReadTimeoutError(endpoint_url=request.url)
        status, body = {"answers": (200, b"{}"), "fails": (500, FAILED), "throttles": (400, THROTTLED)}[outcome]
        answer: Any = AWSResponse(request.url, status, HTTPHeaders(), SimpleNamespace(stream=lambda: iter([body])))
        return answer


def calls(clock: VirtualTime, plan: list[str], number: int) -> Any:
    """A handler that makes a number of calls, one after another."""
    client: Any = boto3.client(
        "events",
        "us-east-1",
        config=Config(retries={"mode": "standard", "max_attempts": clients.MAX_RETRIES}),
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    deadline.limit(client, retries=clients.MAX_RETRIES)
    client._endpoint.http_session = Service(clock, plan)

    def handler(_event: dict[str, Any], _context: Any) -> None:
        for _ in range(number):
            client.put_events(Entries=[{"Source": "tests"}])

    return deadline.bounded(handler)


@contextmanager
def virtual_time() -> Iterator[VirtualTime]:
    """Virtual time, in which each pause is the longest that botocore may choose."""
    with pytest.MonkeyPatch.context() as patched:
        virtual = VirtualTime()
        patched.setattr(deadline, "time", virtual)
        patched.setattr("botocore.endpoint.time", virtual)
        patched.setattr(random, "random", lambda: 1.0)
        # The standard mode takes the random number from a default of a parameter.
        patched.setattr(ExponentialBackoff.__init__, "__defaults__", (20, lambda: 1.0, None, None))
        yield virtual


@pytest.fixture
def clock() -> Iterator[VirtualTime]:
    """Virtual time, for one test."""
    with virtual_time() as virtual:
        yield virtual


def context(seconds: float) -> Any:
    """Lambda's context of a function with a timeout. It has whole milliseconds, and no more than are left."""
    return SimpleNamespace(get_remaining_time_in_millis=lambda: int(seconds * 1000))


FAULTS = (ReadTimeoutError, ClientError, OutOfTimeError)


@pytest.mark.parametrize("outcome", OUTCOMES[1:])
@pytest.mark.parametrize("timeout", [5, 10, 14, 30, 60, 90])
def test_the_worst_case_of_each_fault_ends_in_time(clock: VirtualTime, outcome: str, timeout: int):
    """Fifty calls in a row, all of which fail in one way, as late as they can."""
    began = clock.now
    with pytest.raises(FAULTS):
        calls(clock, [outcome] * 500, 50)({}, context(timeout))
    assert clock.started, "a call has at least one attempt"
    assert clock.now <= began + timeout - ANSWER_SECONDS


@given(
    plan=st.lists(st.sampled_from(OUTCOMES), max_size=30),
    timeout=st.floats(0.1, 90),
    number=st.integers(1, 40),
)
@example(plan=["fails"], timeout=4.9996, number=1)
def test_every_mixture_of_faults_ends_in_time(plan: list[str], timeout: float, number: int):
    """Whatever the order of answers and faults, and the number of calls."""
    with virtual_time() as virtual:
        handler = calls(virtual, plan, number)
        began = virtual.now
        with suppress(*FAULTS):
            handler({}, context(timeout))
        assert virtual.now <= max(began, began + timeout - ANSWER_SECONDS)


def test_calls_that_are_answered_are_not_limited(clock: VirtualTime):
    """Three slow calls fit into 14 seconds."""
    calls(clock, ["answers"] * 3, 3)({}, context(14))
    assert len(clock.started) == 3


def test_a_silent_service_is_reported_as_such(clock: VirtualTime):
    """The error is the one of the last attempt, and no pause precedes an attempt that is refused."""
    began = clock.now
    with pytest.raises(ReadTimeoutError):
        calls(clock, [], 1)({}, context(10))
    assert clock.started == [began, began + ATTEMPT_SECONDS + 1]
    assert clock.now == began + 2 * ATTEMPT_SECONDS + 1


def test_without_an_invocation_there_is_no_deadline(clock: VirtualTime):
    """Tests and programs that use the adapters directly are not limited."""
    deadline.bounded(lambda _event, _context: None)({}, context(0))
    deadline.check(10_000)


def test_a_pause_longer_than_the_time_left_is_refused(clock: VirtualTime):
    """The caller's error is answered in time, instead of after the pause."""

    def handler(_event: dict[str, Any], _context: Any) -> None:
        deadline.sleep(2)
        deadline.sleep(2)

    with pytest.raises(OutOfTimeError):
        deadline.bounded(handler)({}, context(4))
    assert clock.now == 1002.0
