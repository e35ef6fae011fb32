"""A hand on the wire between a page and its sockets: holds, drops, doubles, swaps and cuts frames."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

SOCKET = re.compile(r"/socket\?ticket=")

Frame = dict[str, Any]
Passing = Callable[[Frame], list[Frame]]


def as_it_is(frame: Frame) -> list[Frame]:
    """Let a frame through."""
    return [frame]


class Wire:
    """Between one page and the stage. Takes hold of sockets that open from now on."""

    def __init__(self, page: Page) -> None:
        self.incoming: Passing = as_it_is
        """What reaches the page in place of a frame from the server."""
        self.answer: Callable[[Frame], Frame | None] = lambda frame: None
        """An answer in the server's place; then the frame does not go out."""
        self.sent: list[Frame] = []
        self.held: list[tuple[WebSocketRoute, Frame]] = []
        self.dead = False
        self._open: list[WebSocketRoute] = []
        page.route_web_socket(SOCKET, self._connect)

    def sent_messages(self) -> list[Frame]:
        """The messages that the page has sent so far."""
        return [frame for frame in self.sent if frame["action"] == "sendMessage"]

    def hold(self, *kinds: str) -> None:
        """Keep incoming frames of these types back until they are released."""
        self.incoming = lambda frame: [] if frame["type"] in kinds else [frame]

    def release(self, *kinds: str) -> None:
        """Let go what was held of these types, and hold them no longer."""
        before = self.incoming
        self.incoming = lambda frame: [frame] if frame["type"] in kinds else before(frame)
        for route, frame in self.held:
            if frame["type"] in kinds:
                route.send(json.dumps(frame))
        self.held = [(route, frame) for route, frame in self.held if frame["type"] not in kinds]

    def cut(self) -> None:
        """End every socket, and let none open until `mend`."""
        self.dead = True
        for route in self._open:
            route.close(code=1012)
        self._open = []

    def mend(self) -> None:
        """Let sockets open again."""
        self.dead = False
        self.incoming = as_it_is

    def _connect(self, route: WebSocketRoute) -> None:
        if self.dead:
            route.close(code=1012)
            return
        server = route.connect_to_server()
        self._open.append(route)

        def going_out(text: str | bytes) -> None:
            frame = json.loads(text)
            self.sent.append(frame)
            answer = self.answer(frame)
            if answer is None:
                server.send(text)
            else:
                route.send(json.dumps(answer))

        def coming_in(text: str | bytes) -> None:
            frame = json.loads(text)
            passed = self.incoming(frame)
            if not passed:
                self.held.append((route, frame))
            for each in passed:
                route.send(json.dumps(each))

        route.on_message(going_out)
        server.on_message(coming_in)
