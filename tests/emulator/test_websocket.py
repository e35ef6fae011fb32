"""WebSocket APIs behave as API Gateway's."""

import json
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.emulator.conftest import Stack, closing, hear, say
from tests.waiting import DEADLINE_SECONDS


def test_a_route_with_a_route_response_answers(stack: Stack):
    """The function's body comes back, with the authorizer's context known to it."""
    with stack.connected("bob") as opened:
        say(opened, action="talk", n=1)
        assert hear(opened)["userId"] == "bob"


def test_a_route_without_a_route_response_stays_silent(stack: Stack):
    """A returned body is not sent when the route declares no response."""
    with stack.connected() as opened:
        say(opened, action="whisper", n=1, print="a whisper")
        # Its lines are there when it has returned: an answer of it would come before one to a frame sent now.
        stack.log_lines(f"/aws/lambda/{stack.outputs['Route']}", "a whisper")
        say(opened, action="talk", n=2)
        assert hear(opened)["n"] == 2


def test_frames_of_one_connection_run_side_by_side(stack: Stack, tmp_path: Path):
    """A slow frame does not hold up the next: it ends only after the next was answered."""
    go_on = tmp_path / "go-on"
    with stack.connected() as opened:
        say(opened, action="talk", n="slow", until=str(go_on))
        say(opened, action="talk", n="quick")
        assert hear(opened)["n"] == "quick"
        go_on.touch()
        assert hear(opened)["n"] == "slow"


def test_a_raising_handler_says_nothing_of_itself_and_the_socket_stays(stack: Stack):
    """The client is told of an internal error, as API Gateway words it."""
    with stack.connected() as opened:
        say(opened, action="talk", **{"raise": True})
        answer = hear(opened)
        assert answer["message"] == "Internal server error"
        assert set(answer) == {"message", "connectionId", "requestId"}
        say(opened, action="talk", n=2)
        assert hear(opened)["n"] == 2


def test_a_mock_integration_answers_without_a_function(stack: Stack):
    """`ping` is answered by the integration response's template."""
    with stack.connected() as opened:
        say(opened, action="ping")
        assert hear(opened) == {"type": "pong"}


def test_an_unknown_action_without_a_default_route_is_forbidden(stack: Stack):
    """The client is told; nothing runs."""
    with stack.connected() as opened:
        say(opened, action="nonsense")
        assert hear(opened)["message"] == "Forbidden"


@pytest.mark.parametrize(("ticket", "status"), [("refused", 403), (None, 401)])
def test_the_authorizer_decides_about_the_handshake(stack: Stack, ticket: str | None, status: int):
    """A denied ticket is refused with 403, a missing one with 401."""
    with pytest.raises(InvalidStatus) as refused, connect(stack.socket_url(ticket), proxy=None):
        pass
    assert refused.value.response.status_code == status


def test_a_frame_over_32_kilobytes_ends_the_connection(stack: Stack):
    """API Gateway closes with 1009; a frame just below passes."""
    with stack.connected() as opened:
        say(opened, action="talk", n="large", padding="x" * 30_000)
        assert hear(opened)["n"] == "large"
        say(opened, action="talk", padding="x" * 33_000)
        code, _ = closing(opened)
        assert code == 1009


def management_client(stack: Stack):
    from local.deployment import client

    return client(
        "apigatewaymanagementapi", f"{stack.emulator.url}/_aws/execute-api/{stack.outputs['Api']}/socket"
    )


def test_connections_are_posted_to_described_and_deleted(stack: Stack):
    """The management API: Post, Get, Delete, and 410 once gone."""
    management = management_client(stack)
    with stack.connected() as opened:
        say(opened, action="talk")
        connection_id = hear(opened)["connectionId"]
        management.post_to_connection(ConnectionId=connection_id, Data=b'{"hello": "you"}')
        assert hear(opened) == {"hello": "you"}
        described = management.get_connection(ConnectionId=connection_id)
        assert described["Identity"]["SourceIp"] == "127.0.0.1"
        assert described["ConnectedAt"] <= described["LastActiveAt"]
        with pytest.raises(ClientError) as too_large:
            management.post_to_connection(ConnectionId=connection_id, Data=b"x" * (128 * 1024 + 1))
        assert too_large.value.response["Error"]["Code"] == "PayloadTooLargeException"
        management.delete_connection(ConnectionId=connection_id)
        assert closing(opened) == (1000, "Connection Closed Normally")
    with pytest.raises(ClientError) as gone:
        management.post_to_connection(ConnectionId=connection_id, Data=b"late")
    assert gone.value.response["Error"]["Code"] == "GoneException"


def test_a_function_posts_through_the_address_that_cdk_gave_it(stack: Stack):
    """The execute-api host of AWS in a function's environment is the emulator's here."""
    with stack.connected() as opened:
        say(opened, action="talk")
        answer = stack.invoke("Work", {"post": hear(opened)["connectionId"]})
        assert not answer["failed"], answer
        assert hear(opened) == {"posted": True}
        assert answer["answer"]["endpoint"].startswith(stack.emulator.url)


def test_route_functions_log_and_have_a_trace(stack: Stack):
    """`$disconnect` runs after the close, its logs reach CloudWatch Logs, and messages carry a trace id."""
    with stack.connected() as opened:
        say(opened, action="talk")
        assert hear(opened)["trace"].startswith("Root=1-")
        opened.close(code=4001, reason="leaving")
    group = f"/aws/lambda/{stack.outputs['Route']}"
    assert json.loads(stack.log_lines(group, '"code": 4001')[0]) == {"kind": "DISCONNECT", "code": 4001}


MINUTE = 60


def advance(stack: Stack, seconds: float) -> None:
    """Move the connection clock forward."""
    request = urllib.request.Request(
        f"{stack.emulator.url}/_parley/clock", data=json.dumps({"advance": seconds}).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS):
        pass


def test_ten_idle_minutes_end_a_connection_and_two_hours_end_any(stack: Stack):
    """By the connection clock, which is moved: the server says 1001 to whoever is idle, then to whoever is not."""
    management = management_client(stack)
    with stack.connected() as idle, stack.connected() as busy:
        say(idle, action="talk")
        idle_id = hear(idle)["connectionId"]
        for minutes in range(0, 9, 3):
            advance(stack, 3 * MINUTE)
            say(busy, action="ping")
            assert hear(busy) == {"type": "pong"}
            assert management.get_connection(ConnectionId=idle_id), f"closed after {minutes + 3} minutes"
        advance(stack, 2 * MINUTE)
        assert closing(idle) == (1001, "Going away")
        for _ in range(12):
            say(busy, action="ping")
            assert hear(busy) == {"type": "pong"}
            advance(stack, 9 * MINUTE)
        # An hour and 59 minutes are over, and the last frame is nine minutes old.
        say(busy, action="ping")
        assert hear(busy) == {"type": "pong"}
        advance(stack, 2 * MINUTE)
        assert closing(busy) == (1001, "Going away")
