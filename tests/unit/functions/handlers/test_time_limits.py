"""A function answers before its timeout, also when AWS does not answer it."""

import importlib
import json
import pkgutil
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.config import Config

from functions import handlers
from functions.aws import clients, deadline
from functions.handlers import api, send_message
from tests.unit.builders import CLIENT_MESSAGE_ID, LambdaContext, rest_event, socket_event
from tests.unit.stage import Stage

READ_SECONDS = 0.3
"""In place of the two seconds that a call waits for its answer."""

FRAME = {"action": "sendMessage", "clientMessageId": CLIENT_MESSAGE_ID, "channelId": "c-1", "text": "hello"}
# No entry point: what handlers share, and the routes of `api`. `confirm_sign_up` makes no calls.
NO_HANDLERS = {"http", "websocket", "rest", "confirm_sign_up"}
HANDLERS = sorted({module.name for module in pkgutil.iter_modules(handlers.__path__)} - NO_HANDLERS)


class ShortContext(LambdaContext):
    """The context of a function that has time for one attempt of a call, and not for the pause before a second."""

    def __init__(self) -> None:
        seconds = deadline.CONNECT_SECONDS + READ_SECONDS + 2.5
        object.__setattr__(self, "_ends_at", time.monotonic() + seconds)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        ends_at: float = self.__dict__["_ends_at"]
        return round((ends_at - time.monotonic()) * 1000)


@pytest.fixture
def attempts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """DynamoDB and EventBridge on a socket that never answers. Returns how often it was connected to."""
    monkeypatch.setattr(deadline, "READ_SECONDS", READ_SECONDS)
    monkeypatch.setattr(clients, "_CONFIG", clients._CONFIG.merge(Config(read_timeout=READ_SECONDS)))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        silent.setblocking(False)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
        monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTS", address)
        recreate_clients()
        yield lambda: accepted(silent)
    monkeypatch.undo()
    recreate_clients()
    stage.watch_clients()


def accepted(listener: socket.socket) -> int:
    """Accept and close all connections that wait, and return their number."""
    for number in range(64):
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return number
    return 64


def recreate_clients() -> None:
    """Create the clients again when they are used next."""
    for cached in (clients.dynamodb, clients.table_of_thread, clients.event_bridge):
        cached.cache_clear()


@pytest.mark.slow
def test_a_frame_is_answered_although_the_table_is_silent(attempts: Callable[[], int]):
    """With an error after which the outbox sends again, and while the function still has time."""
    context = ShortContext()
    answer = json.loads(send_message.handler(socket_event(FRAME), context)["body"])
    assert answer["code"] == "INTERNAL"
    assert answer["clientMessageId"] == CLIENT_MESSAGE_ID
    assert attempts() == 1
    assert context.get_remaining_time_in_millis() > 0


@pytest.mark.slow
def test_a_request_is_answered_although_the_table_is_silent(attempts: Callable[[], int]):
    """With a body of the contract, which the browser may repeat."""
    context = ShortContext()
    answer = api.handler(rest_event("GET", "/channels/c-1"), context)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["code"] == "INTERNAL"
    assert attempts() == 1
    assert context.get_remaining_time_in_millis() > 0


class AskedError(Exception):
    """The handler asked how much time is left."""


class AskingContext(LambdaContext):
    """The context that shows whether a handler has a deadline."""

    def get_remaining_time_in_millis(self) -> int:
        """Raise AskedError."""
        raise AskedError


@pytest.mark.parametrize("name", HANDLERS)
def test_every_handler_has_a_deadline(name: str, stage: Stage):
    """It asks for the time that is left before it does anything."""
    handler: Any = importlib.import_module(f"functions.handlers.{name}").handler
    with pytest.raises(AskedError):
        handler({}, AskingContext())
