"""Send one message to a stage and receive it, as a user does, and follow it through the system.

A temporary user signs in, creates a private channel, opens a socket, sends a message, waits for its frame, deletes
it, leaves and is deleted. What remains is the channel without members, its deleted message, and their events.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from ops.check import guarded
from ops.check.guarded import Check, Finding
from ops.errors import NotFoundError, OpsError
from ops.follow import message_report
from ops.models import HealthCheck, MessageReport
from ops.stage.stage import Stage
from ops.stage.users import UserPool
from ops.wording import counted

TIMEOUT_SECONDS = 30.0
"""How long a call, an ack or a frame may take: more than a cold start."""
TRACE_SECONDS = 60.0
"""How long the log and the trace of a message may take to be complete."""
POLL_SECONDS = 1.0
DISPLAY_NAME = "Parley doctor"


class RoundTripError(OpsError):
    """A step did not succeed. The message names the step, and what happened."""


def checks(stage: Stage) -> Iterator[HealthCheck]:
    """Send the message, then look for its run and its trace."""
    sent: list[str] = []

    def send() -> Finding:
        message_id, milliseconds = _send(stage)
        sent.append(message_id)
        return Finding("ok", f"arrived {milliseconds:.0f} ms after it was sent ({message_id})")

    actions = (
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:AdminInitiateAuth",
        "cognito-idp:AdminRespondToAuthChallenge",
        "cognito-idp:AdminDeleteUser",
        "dynamodb:DeleteItem",
    )
    yield from guarded.run([Check("message", actions, send)])
    if sent:
        reading = ("logs:FilterLogEvents", "xray:GetTraceSummaries", "xray:BatchGetTraces", "dynamodb:GetItem")
        yield from guarded.run([Check("message's trace", reading, lambda: _trace(stage, sent[0]))])


def _send(stage: Stage) -> tuple[str, float]:
    """Send the message and receive it. Returns its id, and the time that it took in milliseconds."""
    with private_channel(stage, "doctor") as (api, channel_id):
        ticket = call(api, "POST", "/tickets")["ticket"]
        with open_socket(stage, ticket) as socket:
            return _exchange(socket, channel_id)


@contextmanager
def private_channel(stage: Stage, purpose: str) -> Iterator[tuple[httpx.Client, str]]:
    """The API as a temporary user, and the id of their channel. Both are removed after the block."""
    with _temporary_user(stage) as token, _api(stage, token) as api:
        user_id = str(call(api, "GET", "/me")["userId"])
        channel_id = None
        try:
            created = call(api, "POST", "/channels", {"name": f"{purpose} {uuid4().hex[:8]}", "kind": "private"})
            channel_id = str(created["channelId"])
            yield api, channel_id
        finally:
            _clean_up(stage, api, channel_id, user_id)


@contextmanager
def _temporary_user(stage: Stage) -> Iterator[str]:
    """The ID token of a user who exists while the block runs."""
    pool: UserPool = stage.user_pool
    username, password = f"parley-doctor-{uuid4().hex[:12]}", f"{secrets.token_urlsafe(24)}aA1-"
    try:
        pool.add(username, display_name=DISPLAY_NAME, password=password)
        yield pool.sign_in(username, password, enrol=True)["IdToken"]
    finally:
        pool.delete(username)


@contextmanager
def _api(stage: Stage, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": token, "Origin": stage.site_url}
    with httpx.Client(base_url=stage.api_url, headers=headers, timeout=TIMEOUT_SECONDS) as api:
        yield api


def call(api: httpx.Client, method: str, path: str, body: object | None = None) -> Any:
    """Call the REST API. Raises RoundTripError."""
    try:
        answer = api.request(method, path, content=None if body is None else json.dumps(body))
    except httpx.HTTPError as error:
        raise RoundTripError(f"{method} {path} failed: {error or type(error).__name__}") from None
    if answer.status_code >= 400:
        raise RoundTripError(f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
    return answer.json() if answer.content else None


@contextmanager
def open_socket(stage: Stage, ticket: str) -> Iterator[ClientConnection]:
    """An open socket. Raises RoundTripError."""
    url = f"{stage.websocket_url}?ticket={quote(ticket)}"
    try:
        opened = connect(url, origin=Origin(stage.site_url), open_timeout=TIMEOUT_SECONDS)
    except (OSError, WebSocketException) as error:
        raise RoundTripError(f"The socket did not open: {error or type(error).__name__}") from None
    with opened:
        yield opened


def _exchange(socket: ClientConnection, channel_id: str) -> tuple[str, float]:
    """Send a message, receive its frame, and delete it."""
    client_message_id = str(uuid4())
    sent = {
        "action": "sendMessage",
        "clientMessageId": client_message_id,
        "channelId": channel_id,
        "text": "A message of `parley doctor --send`.",
    }
    started = time.monotonic()
    socket.send(json.dumps(sent))
    # The message may arrive before its ack.
    frames: dict[str, dict[str, Any]] = {}
    while not frames.keys() >= {"ack", "message"}:
        frame = receive(socket, started, "ack" if "ack" not in frames else "message")
        if frame.get("clientMessageId") == client_message_id:
            frames[frame["type"]] = frame
        if "error" in frames:
            raise RoundTripError(f"The message was refused: {frames['error'].get('message')}")
    elapsed = (time.monotonic() - started) * 1000
    message = frames["message"]
    deletion = {"action": "deleteMessage", "channelId": channel_id, "seq": message["seq"]}
    socket.send(json.dumps(deletion))
    started = time.monotonic()
    while receive(socket, started, "messageDeleted").get("type") != "messageDeleted":
        pass
    return str(message["messageId"]), elapsed


def receive(socket: ClientConnection, started: float, expected: str) -> dict[str, Any]:
    """The next frame. Raises RoundTripError if there is none until TIMEOUT_SECONDS after `started`."""
    remaining = TIMEOUT_SECONDS - (time.monotonic() - started)
    try:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=max(0.0, remaining)))
    except TimeoutError:
        raise RoundTripError(f"No frame '{expected}' arrived within {TIMEOUT_SECONDS:g} s.") from None
    except WebSocketException as error:
        raise RoundTripError(f"The socket closed before the frame '{expected}': {error}") from None
    return frame


def _clean_up(stage: Stage, api: httpx.Client, channel_id: str | None, user_id: str) -> None:
    """Leave the channel and `general`, which every user joins, and remove the user from the directory."""
    for left in (channel_id, "general"):
        # A failure here must not replace that of the message.
        with suppress(RoundTripError):
            if left:
                call(api, "DELETE", f"/channels/{left}/members/me")
    with suppress(ClientError, BotoCoreError):
        stage.table("Users").delete_item(Key={"userId": user_id})


def _trace(stage: Stage, message_id: str) -> Finding:
    report = _followed(stage, message_id)
    if report is None:
        detail = f"no log or table has the message within {TRACE_SECONDS:g} s"
        fix = f"Follow it later: {stage.command('follow', message_id)}"
        return Finding("warning", detail, fix)
    hops = f", {report.total.ms:.0f} ms from the route to the last post" if report.total else ""
    trace = next((trace for trace in report.traces if trace.connected), None)
    if trace is not None:
        return Finding("ok", f"{trace.trace_id} is connected{hops}")
    return Finding(
        "warning",
        f"{counted(len(report.runs), 'run')} in the log{hops}; X-Ray has no connected trace of it",
        "X-Ray samples: a stage with more traffic may not record this message. docs/tracing.md",
    )


def _followed(stage: Stage, message_id: str) -> MessageReport | None:
    """The report, once it has a connected trace; the latest report at the end of the time."""
    deadline, report = time.monotonic() + TRACE_SECONDS, None
    while True:
        with suppress(NotFoundError):
            report = message_report.follow(stage, message_id)
            if report.total and any(trace.connected for trace in report.traces):
                return report
        if time.monotonic() > deadline:
            return report
        time.sleep(POLL_SECONDS)
