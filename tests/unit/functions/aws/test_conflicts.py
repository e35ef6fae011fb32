"""Single writes that DynamoDB rejects while a transaction writes the same row."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from functions.aws import clients, conflicts, members
from functions.aws.deadline import OutOfTimeError, bounded
from tests.unit.builders import CHANNEL
from tests.unit.stage import Stage

CONFLICT = "TransactionConflictException"

Reject = Callable[[str, int], list[str]]


@pytest.fixture
def reject(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reject]:
    """Let DynamoDB answer the next updates with an error, a number of times. Returns the attempts, as they come.

    moto makes these updates all the same.
    """
    monkeypatch.setattr(conflicts, "FIRST_PAUSE_SECONDS", 0)
    hooks = clients.dynamodb().meta.client.meta.events
    attempts: list[str] = []
    left: list[str] = []

    def answer(request: Any, **_: Any) -> Any:
        attempts.append(request.url)
        if not left:
            return None
        body = f'{{"__type": "com.amazonaws.dynamodb.v20120810#{left.pop()}", "message": "rejected"}}'.encode()
        raw: Any = SimpleNamespace(stream=lambda: iter([body]))
        return AWSResponse(request.url, 400, HTTPHeaders(), raw)

    def start(code: str, times: int) -> list[str]:
        left.extend([code] * times)
        return attempts

    hooks.register_first("before-send.dynamodb.UpdateItem", answer)
    yield start
    hooks.unregister("before-send.dynamodb.UpdateItem", answer)


def test_a_write_that_conflicts_with_a_transaction_is_repeated(stage: Stage, reject: Reject):
    """Until the transaction has ended."""
    stage.add_channel(CHANNEL, "alice")
    attempts = reject(CONFLICT, conflicts.MAX_ATTEMPTS - 1)
    members.mark_announced("members", "alice", "c-1")
    assert len(attempts) == conflicts.MAX_ATTEMPTS


def test_a_permanent_conflict_raises(stage: Stage, reject: Reject):
    """Its caller answers INTERNAL, and the client may try again."""
    stage.add_channel(CHANNEL, "alice")
    attempts = reject(CONFLICT, 1000)
    with pytest.raises(ClientError, match=CONFLICT):
        members.mark_announced("members", "alice", "c-1")
    assert len(attempts) == conflicts.MAX_ATTEMPTS


def test_no_pause_is_longer_than_the_invocation(stage: Stage, reject: Reject, monkeypatch: pytest.MonkeyPatch):
    """An attempt may be answered in the last moment, and the pause after it must leave time for the answer."""
    stage.add_channel(CHANNEL, "alice")
    attempts = reject(CONFLICT, 1000)
    monkeypatch.setattr(conflicts, "pause_seconds", lambda _attempt: 60.0)
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 29_000)

    def handler(_event: dict[str, Any], _context: Any) -> None:
        members.mark_announced("members", "alice", "c-1")

    with pytest.raises(OutOfTimeError):
        bounded(handler)({}, context)
    assert (len(attempts), slept) == (1, [])


def test_another_rejection_raises_at_once(stage: Stage, reject: Reject):
    """A repetition would be rejected for the same reason."""
    stage.add_channel(CHANNEL, "alice")
    attempts = reject("ValidationException", 1)
    with pytest.raises(ClientError, match="ValidationException"):
        members.mark_announced("members", "alice", "c-1")
    assert len(attempts) == 1


def test_pauses_grow_and_are_random():
    """From nothing up to 20 ms, then to twice as much each time."""
    for attempt, longest in [(1, 0.02), (2, 0.04), (7, 1.28)]:
        pauses = [conflicts.pause_seconds(attempt) for _ in range(200)]
        assert 0.8 * longest < max(pauses) <= longest
        assert min(pauses) < 0.2 * longest
