"""A user without a browser: a REST client and one socket, for users whose screen a test does not examine."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.chat_client import tls_context
from tests.local_stage import Person, TestStage
from tests.waiting import DEADLINE_SECONDS


def rest_client(stage: TestStage, person: Person) -> httpx.Client:
    """A client of the REST API as this user. It keeps no connection open: the server may be closing a kept one."""
    return httpx.Client(
        base_url=stage.api_url,
        headers={"Authorization": stage.id_token(person)},
        timeout=DEADLINE_SECONDS,
        verify=tls_context(),
        limits=httpx.Limits(max_keepalive_connections=0),
    )


@dataclass
class ApiUser:
    """A user with one socket."""

    person: Person
    api: httpx.Client
    """The REST API as this user."""
    user_id: str
    socket: ClientConnection
    resources: ExitStack
    """Closes `api` and `socket`."""
    frames: list[dict[str, Any]] = field(default_factory=list)
    """The frames read so far, by `wait_for_frame`."""

    @classmethod
    def open(cls, stage: TestStage, person: Person) -> Self:
        """Sign in and open a socket."""
        resources = ExitStack()
        api = resources.enter_context(rest_client(stage, person))
        me = api.get("/me").raise_for_status().json()
        ticket = api.post("/tickets").raise_for_status().json()["ticket"]
        socket = resources.enter_context(
            connect(
                f"{stage.websocket_url}?ticket={quote(ticket)}",
                ping_interval=None,
                open_timeout=DEADLINE_SECONDS,
                close_timeout=0.2,
            )
        )
        return cls(person, api, me["userId"], socket, resources)

    def join(self, channel_id: str) -> None:
        """Join a public channel."""
        self.api.put(f"/channels/{channel_id}/members/me").raise_for_status()

    def send_message(self, channel_id: str, text: str) -> int:
        """Send a message, wait until its frame arrives, and return its seq."""
        client_message_id = str(uuid4())
        self.send(action="sendMessage", clientMessageId=client_message_id, channelId=channel_id, text=text)
        return int(self.wait_for_frame("message", clientMessageId=client_message_id)["seq"])

    def start_typing(self, channel_id: str) -> None:
        """Send the command `startTyping`."""
        self.send(action="startTyping", channelId=channel_id)

    def send(self, **fields: object) -> None:
        """Send a command with these fields."""
        self.socket.send(json.dumps(fields))

    def wait_for_frame(self, frame_type: str, **fields: object) -> dict[str, Any]:
        """Read until a frame of this type has these field values, and return it.

        Raises TimeoutError at the tests' deadline, and AssertionError for an unexpected error frame.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame = json.loads(self.socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            self.frames.append(frame)
            if frame["type"] == frame_type and all(frame.get(name) == value for name, value in fields.items()):
                return dict(frame)
            assert frame["type"] != "error" or frame_type == "error", f"refused: {frame}"

    def close(self) -> None:
        """Close the socket and the REST client."""
        self.resources.close()
