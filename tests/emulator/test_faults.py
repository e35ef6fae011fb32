"""Faults that the emulator injects on request reach real clients as API Gateway's own failures do."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.emulator.conftest import Stack, receive_frame, send_frame
from tests.emulator.test_websocket import management_client
from tests.waiting import DEADLINE_SECONDS

BUFFER = 2


@contextmanager
def injected(stack: Stack, **rule: Any) -> Iterator[None]:
    """Inject one fault until the block ends. It must have struck."""

    def replace(*rules: dict[str, Any]) -> list[dict[str, Any]]:
        request = urllib.request.Request(
            f"{stack.emulator.url}/_parley/faults", data=json.dumps(rules).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as response:
            replaced: list[dict[str, Any]] = json.load(response)["replaced"]
            return replaced

    replace(rule)
    try:
        yield
    finally:
        (after,) = replace()
    assert after["struck"]


@pytest.mark.parametrize("what", ["error", "lost"])
def test_the_upgrade_of_a_socket_is_answered_with_5xx(stack: Stack, what: str):
    """The client's library reports the status; the next attempt opens the socket."""
    with injected(stack, where="api", what=what, only="UPGRADE", status=503, times=1):
        with pytest.raises(InvalidStatus) as refused, connect(stack.socket_url("alice"), proxy=None):
            pass
        assert refused.value.response.status_code == 503
        assert json.loads(refused.value.response.body or b"") == {"message": "Service Unavailable"}
        with stack.connected() as websocket:
            send_frame(websocket, action="talk", n=1)
            assert receive_frame(websocket)["n"] == 1


def test_posts_to_a_slow_client_are_refused_when_its_buffer_is_full(stack: Stack):
    """With 429; others are posted to, and it gets the frames in its buffer when it reads again."""
    management = management_client(stack)
    with stack.connected("slow") as slow, stack.connected("quick") as quick:
        ids = {}
        for name, websocket in (("slow", slow), ("quick", quick)):
            send_frame(websocket, action="talk")
            ids[name] = receive_frame(websocket)["connectionId"]
        with injected(stack, where="client", what="slow", only='"slow"', buffer=BUFFER):
            outcomes = [post(management, ids["slow"], number) for number in range(BUFFER + 2)]
            # One frame more than the buffer holds may be on its way.
            assert outcomes[:BUFFER] == [200] * BUFFER
            assert outcomes[-1] == (429, "LimitExceededException")
            management.post_to_connection(ConnectionId=ids["quick"], Data=b'{"n": 0}')
            assert receive_frame(quick) == {"n": 0}
        for number in range(outcomes.count(200)):
            assert receive_frame(slow)["n"] == number


def post(management: Any, connection_id: str, number: int) -> Any:
    """Post a frame. Returns the status, with the name of the error if it was refused."""
    try:
        answer = management.post_to_connection(ConnectionId=connection_id, Data=b'{"n": %d}' % number)
    except ClientError as refusal:
        return refusal.response["ResponseMetadata"]["HTTPStatusCode"], refusal.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"]
