"""Between a page and its sockets: holds, drops, doubles, swaps, answers and cuts frames.

Every fault is counted: if none of its frames ever passes, the test fails (`faults.py`).
"""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

from tests.browser.faults import Fault
from tests.waiting import wait_until

SOCKET = re.compile(r"/socket\?ticket=")

Frame = dict[str, Any]
Passing = Callable[[Frame], list[Frame]]
Answering = Callable[[Frame], Frame | None]


def refusal(frame: Frame, message: str = "No.") -> Frame | None:
    """An answer that refuses every message to be sent, and nothing else."""
    if frame["action"] != "sendMessage":
        return None
    return {
        "type": "error",
        "code": "FORBIDDEN",
        "message": message,
        "action": "sendMessage",
        "clientMessageId": frame["clientMessageId"],
    }


class Wire:
    """Between one page and the stage. Controls the sockets that open from now on."""

    def __init__(self, page: Page, faults: list[Fault]) -> None:
        self._page = page
        self._faults = faults
        self._open: list[WebSocketRoute] = []
        self._dead = False
        self._incoming: Passing | None = None
        self._answer: Answering | None = None
        self._holding: dict[str, Fault] = {}
        self._held: list[tuple[WebSocketRoute, Frame]] = []
        self._changed = self._answered = Fault("")
        self.sent: list[Frame] = []
        page.route_web_socket(SOCKET, self._connect)

    def sent_messages(self) -> list[Frame]:
        """The messages that the page has sent so far."""
        return [frame for frame in self.sent if frame["action"] == "sendMessage"]

    # --- faults

    def change_incoming(self, passing: Passing) -> None:
        """Give the page these frames in place of each one from the server."""
        self._incoming = passing
        self._changed = self._inject("a change of incoming frames")

    def leave_incoming(self) -> None:
        """Give the page what the server sends."""
        self._incoming = None

    def answer(self, answering: Answering) -> None:
        """Answer the page's frames in the server's place; None lets a frame go out."""
        self._answer = answering
        self._answered = self._inject("an answer in the server's place")

    def hold(self, *kinds: str) -> None:
        """Keep incoming frames of these types back until they are released."""
        self._holding |= {kind: self._inject(f"{kind} frames held back") for kind in kinds}

    def wait_held(self, *kinds: str) -> None:
        """Wait until a frame of each of these types is held."""
        self._wait(lambda: all(self._holding[kind].count > 0 for kind in kinds), f"{kinds} frames are held back")

    def release(self, *kinds: str) -> None:
        """Pass on what is held of these types, once there is some, and hold them no longer."""
        self.wait_held(*kinds)
        for kind in kinds:
            del self._holding[kind]
        for route, frame in self._held:
            if frame["type"] in kinds:
                route.send(json.dumps(frame))
        self._held = [(route, frame) for route, frame in self._held if frame["type"] not in kinds]

    def cut(self) -> None:
        """End every socket, and let none open until `mend`. The page has seen it when this returns."""
        assert self._open, "there is no socket to cut"
        self._dead = True
        closing, self._open = self._open, []
        for route in closing:
            route.close(code=1012)

    def mend(self) -> None:
        """Let sockets open again, and frames pass."""
        self._dead = False
        self._incoming = None
        self._holding = {}

    # --- the wire itself

    def _inject(self, what: str) -> Fault:
        fault = Fault(what)
        self._faults.append(fault)
        return fault

    def _wait(self, look: Callable[[], bool], what: str) -> None:
        # Playwright delivers events only while it is asked for something.
        wait_until(lambda: self._page.evaluate("true") and look(), what)

    def _connect(self, route: WebSocketRoute) -> None:
        if self._dead:
            route.close(code=1012)
            return
        server = route.connect_to_server()
        self._open.append(route)

        def closed(code: int | None, reason: str | None) -> None:
            if route in self._open:
                self._open.remove(route)
            server.close(code=code if code == 1000 or (code or 0) >= 3000 else None)

        def going_out(text: str | bytes) -> None:
            frame = json.loads(text)
            self.sent.append(frame)
            answer = self._answer(frame) if self._answer else None
            if answer is None:
                server.send(text)
            else:
                self._answered.took_effect()
                route.send(json.dumps(answer))

        def coming_in(text: str | bytes) -> None:
            frame = json.loads(text)
            if holding := self._holding.get(frame["type"]):
                holding.took_effect()
                self._held.append((route, frame))
                return
            passed = [frame] if self._incoming is None else self._incoming(frame)
            if passed != [frame]:
                self._changed.took_effect()
            for each in passed:
                route.send(json.dumps(each))

        route.on_close(closed)
        route.on_message(going_out)
        server.on_message(coming_in)
