"""WebSocket APIs behave as on API Gateway."""

import json
import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.emulator.conftest import Stack, receive_close, receive_frame, send_frame
from tests.waiting import DEADLINE_SECONDS


def test_a_route_with_a_route_response_answers(stack: Stack):
    """The client receives the function's body; the function receives the authorizer's context."""
    with stack.connected("bob") as websocket:
        send_frame(websocket, action="talk", n=1)
        assert receive_frame(websocket)["userId"] == "bob"


def test_a_route_without_a_route_response_sends_nothing(stack: Stack):
    """A returned body is not sent."""
    with stack.connected() as websocket:
        send_frame(websocket, action="whisper", n=1, print="a whisper")
        # The lines are written when the function has returned; its answer would precede that to the next frame.
        stack.log_lines(f"/aws/lambda/{stack.outputs['Route']}", "a whisper")
        send_frame(websocket, action="talk", n=2)
        assert receive_frame(websocket)["n"] == 2


def test_frames_of_one_connection_run_concurrently(stack: Stack, tmp_path: Path):
    """A slow frame does not delay the next: here it ends only after the next was answered."""
    go_on = tmp_path / "go-on"
    with stack.connected() as websocket:
        send_frame(websocket, action="talk", n="slow", until=str(go_on))
        send_frame(websocket, action="talk", n="quick")
        assert receive_frame(websocket)["n"] == "quick"
        go_on.touch()
        assert receive_frame(websocket)["n"] == "slow"


def test_an_error_of_a_handler_is_not_disclosed_and_the_connection_stays_open(stack: Stack):
    """The client receives API Gateway's message of an internal error."""
    with stack.connected() as websocket:
        send_frame(websocket, action="talk", **{"raise": True})
        answer = receive_frame(websocket)
        assert answer["message"] == "Internal server error"
        assert set(answer) == {"message", "connectionId", "requestId"}
        send_frame(websocket, action="talk", n=2)
        assert receive_frame(websocket)["n"] == 2


def test_frames_beyond_the_throttle_are_answered_without_their_route(stack: Stack):
    """All clients share the throttle; the socket stays open, and other routes answer."""
    with stack.connected() as first, stack.connected() as second:
        for websocket in (first, second):
            send_frame(websocket, action="limited", n=1)
            assert receive_frame(websocket)["n"] == 1
        for websocket in (first, second):
            send_frame(websocket, action="limited", n=2)
            answer = receive_frame(websocket)
            assert answer["message"] == "Too Many Requests"
            assert set(answer) == {"message", "connectionId", "requestId"}
            send_frame(websocket, action="talk", n=3)
            assert receive_frame(websocket)["n"] == 3


def test_a_mock_integration_answers_without_a_function(stack: Stack):
    """The answer to `ping` is the template of the integration response."""
    with stack.connected() as websocket:
        send_frame(websocket, action="ping")
        assert receive_frame(websocket) == {"type": "pong"}


def test_an_unknown_action_without_a_default_route_is_forbidden(stack: Stack):
    """The client receives the message Forbidden."""
    with stack.connected() as websocket:
        send_frame(websocket, action="nonsense")
        assert receive_frame(websocket)["message"] == "Forbidden"


@pytest.mark.parametrize(("ticket", "status"), [("refused", 403), (None, 401)])
def test_the_authorizer_rejects_a_handshake(stack: Stack, ticket: str | None, status: int):
    """With 403 for a denied ticket, with 401 for a missing one."""
    with pytest.raises(InvalidStatus) as rejected, connect(stack.socket_url(ticket), proxy=None):
        pass
    assert rejected.value.response.status_code == status


def test_a_frame_over_32_kilobytes_ends_the_connection(stack: Stack):
    """It is closed with 1009; a frame just below the limit is handled."""
    with stack.connected() as websocket:
        send_frame(websocket, action="talk", n="large", padding="x" * 30_000)
        assert receive_frame(websocket)["n"] == "large"
        send_frame(websocket, action="talk", padding="x" * 33_000)
        code, _ = receive_close(websocket)
        assert code == 1009


def management_client(stack: Stack):
    from local.deployment import client

    return client(
        "apigatewaymanagementapi", f"{stack.emulator.url}/_aws/execute-api/{stack.outputs['Api']}/socket"
    )


def test_connections_are_posted_to_described_and_deleted(stack: Stack):
    """The management API: Post, Get, Delete, and 410 after the connection is closed."""
    management = management_client(stack)
    with stack.connected() as websocket:
        send_frame(websocket, action="talk")
        connection_id = receive_frame(websocket)["connectionId"]
        management.post_to_connection(ConnectionId=connection_id, Data=b'{"hello": "you"}')
        assert receive_frame(websocket) == {"hello": "you"}
        described = management.get_connection(ConnectionId=connection_id)
        assert described["Identity"]["SourceIp"] == "127.0.0.1"
        assert described["ConnectedAt"] <= described["LastActiveAt"]
        with pytest.raises(ClientError) as too_large:
            management.post_to_connection(ConnectionId=connection_id, Data=b"x" * (128 * 1024 + 1))
        assert too_large.value.response["Error"]["Code"] == "PayloadTooLargeException"
        management.delete_connection(ConnectionId=connection_id)
        assert receive_close(websocket) == (1000, "Connection Closed Normally")
    with pytest.raises(ClientError) as closed:
        management.post_to_connection(ConnectionId=connection_id, Data=b"late")
    assert closed.value.response["Error"]["Code"] == "GoneException"


def test_a_function_posts_to_the_address_in_its_environment(stack: Stack):
    """The execute-api host of AWS in a function's environment is replaced by the emulator's."""
    with stack.connected() as websocket:
        send_frame(websocket, action="talk")
        answer = stack.invoke("Work", {"post": receive_frame(websocket)["connectionId"]})
        assert not answer["failed"], answer
        assert receive_frame(websocket) == {"posted": True}
        assert answer["answer"]["endpoint"].startswith(stack.emulator.url)


def test_route_functions_log_and_have_a_trace(stack: Stack):
    """`$disconnect` runs after the close, its lines reach CloudWatch Logs, and a call has a trace id."""
    with stack.connected() as websocket:
        send_frame(websocket, action="talk")
        assert receive_frame(websocket)["trace"].startswith("Root=1-")
        websocket.close(code=4001, reason="leaving")
    group = f"/aws/lambda/{stack.outputs['Route']}"
    line = stack.log_lines(group, '"code": 4001')[0]
    assert json.loads(line) == {"kind": "DISCONNECT", "user": "alice", "code": 4001}


def test_a_client_that_goes_during_its_handshake_is_disconnected(stack: Stack):
    """Its `$connect` has run, so its `$disconnect` runs too."""
    target = urlsplit(stack.socket_url("hasty"))
    request = (
        f"GET {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with socket.create_connection((target.hostname, target.port)) as client:
        client.sendall(request.encode())
    lines = stack.log_lines(f"/aws/lambda/{stack.outputs['Route']}", '"user": "hasty"', at_least=2)
    assert [json.loads(line)["kind"] for line in lines] == ["CONNECT", "DISCONNECT"]


MINUTE = 60


def advance(stack: Stack, seconds: float) -> None:
    """Move the connection clock forward."""
    request = urllib.request.Request(
        f"{stack.emulator.url}/_parley/clock", data=json.dumps({"advance": seconds}).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS):
        pass


def test_ten_idle_minutes_end_a_connection_and_two_hours_end_any(stack: Stack):
    """The test moves the connection clock: an idle connection is closed with 1001, later one with traffic."""
    management = management_client(stack)
    with stack.connected() as idle, stack.connected() as busy:
        send_frame(idle, action="talk")
        idle_id = receive_frame(idle)["connectionId"]
        for minutes in range(0, 9, 3):
            advance(stack, 3 * MINUTE)
            send_frame(busy, action="ping")
            assert receive_frame(busy) == {"type": "pong"}
            assert management.get_connection(ConnectionId=idle_id), f"closed after {minutes + 3} minutes"
        advance(stack, 2 * MINUTE)
        assert receive_close(idle) == (1001, "Going away")
        for _ in range(12):
            send_frame(busy, action="ping")
            assert receive_frame(busy) == {"type": "pong"}
            advance(stack, 9 * MINUTE)
        # An hour and 59 minutes have passed, and the last frame is nine minutes old.
        send_frame(busy, action="ping")
        assert receive_frame(busy) == {"type": "pong"}
        advance(stack, 2 * MINUTE)
        assert receive_close(busy) == (1001, "Going away")
