"""Somebody who is heard and not seen: the public contract, for those whose screen does not matter."""

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.local_stage import Person, TestStage
from tests.waiting import DEADLINE_SECONDS


def rest_client(stage: TestStage, person: Person) -> httpx.Client:
    """The REST API as this person. Every request has a connection of its own: a kept one may be closing."""
    return httpx.Client(
        base_url=stage.api_url,
        headers={"Authorization": stage.id_token(person)},
        timeout=DEADLINE_SECONDS,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


@dataclass
class Voice:
    """One user with one socket."""

    person: Person
    stage: TestStage
    http: httpx.Client
    user_id: str
    display_name: str
    socket: ClientConnection
    leaving: ExitStack
    frames: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, stage: TestStage, person: Person) -> Self:
        """Sign in and open a socket."""
        leaving = ExitStack()
        http = leaving.enter_context(rest_client(stage, person))
        me = http.get("/me").raise_for_status().json()
        ticket = http.post("/tickets").raise_for_status().json()["ticket"]
        socket = leaving.enter_context(
            connect(
                f"{stage.websocket_url}?ticket={quote(ticket)}",
                ping_interval=None,
                open_timeout=DEADLINE_SECONDS,
                close_timeout=0.2,
            )
        )
        return cls(person, stage, http, me["userId"], me["displayName"], socket, leaving)

    def join(self, channel_id: str) -> None:
        """Join a public channel."""
        self.http.put(f"/channels/{channel_id}/members/me").raise_for_status()

    def say(self, channel_id: str, text: str) -> int:
        """Send a message; its seq, once it is delivered."""
        wanted = str(uuid4())
        self.send(action="sendMessage", clientMessageId=wanted, channelId=channel_id, text=text)
        return int(self.wait("message", clientMessageId=wanted)["seq"])

    def type_in(self, channel_id: str) -> None:
        """Be seen typing."""
        self.send(action="startTyping", channelId=channel_id)

    def send(self, **fields: object) -> None:
        """Send a frame."""
        self.socket.send(json.dumps(fields))

    def wait(self, kind: str, **fields: object) -> dict[str, Any]:
        """The first frame of a type whose fields have these values. Raises TimeoutError, or AssertionError for
        an error frame in its place."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            frame = json.loads(self.socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            self.frames.append(frame)
            matching = all(frame.get(name) == value for name, value in fields.items())
            if frame["type"] == kind and matching:
                return dict(frame)
            assert frame["type"] != "error" or kind == "error", f"refused: {frame}"

    def close(self) -> None:
        """Go."""
        self.leaving.close()
