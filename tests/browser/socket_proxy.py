"""Proxies a page's sockets to hold, replace, answer and cut frames on the way.

Every fault is counted: a test fails if its fault affected no frame (`faults.py`).
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
ReplaceFrame = Callable[[Frame], list[Frame]]
AnswerFrame = Callable[[Frame], Frame | None]


def refusal(frame: Frame, message: str = "No.") -> Frame | None:
    """The error frame that refuses a `sendMessage` command; None for other commands."""
    if frame["action"] != "sendMessage":
        return None
    return {
        "type": "error",
        "code": "FORBIDDEN",
        "message": message,
        "action": "sendMessage",
        "clientMessageId": frame["clientMessageId"],
    }


class SocketProxy:
    """A proxy for the sockets that a page, or with `all_tabs` its context, opens after this object was created."""

    def __init__(self, page: Page, faults: list[Fault], *, all_tabs: bool = False) -> None:
        self._page = page
        self._faults = faults
        self._open: list[WebSocketRoute] = []
        self._silent: list[WebSocketRoute] = []
        self._is_cut = False
        self._is_silenced = False
        self._replace_frame: ReplaceFrame | None = None
        self._answer_frame: AnswerFrame | None = None
        self._holding: dict[str, Fault] = {}
        self._held: list[tuple[WebSocketRoute, Frame]] = []
        self._replaced = self._answered = self._silencing = Fault("")
        self.sent: list[Frame] = []
        self.lost: list[Frame] = []
        """The frames from the page that did not reach the server."""
        (page.context if all_tabs else page).route_web_socket(SOCKET, self._connect)

    def sent_messages(self) -> list[Frame]:
        """The `sendMessage` commands that the page has sent so far."""
        return [frame for frame in self.sent if frame["action"] == "sendMessage"]

    # --- faults

    def replace_incoming(self, replace_frame: ReplaceFrame) -> None:
        """Pass the frames that `replace_frame` returns to the page, instead of each frame from the server."""
        self._replace_frame = replace_frame
        self._replaced = self._inject("replacing incoming frames")

    def pass_incoming(self) -> None:
        """Pass the server's frames to the page unchanged again."""
        self._replace_frame = None

    def answer(self, answer_frame: AnswerFrame) -> None:
        """Answer the page's frames instead of the server; a frame for which None is returned is sent on."""
        self._answer_frame = answer_frame
        self._answered = self._inject("answering instead of the server")

    def hold(self, *types: str) -> None:
        """Hold incoming frames of these types until they are released."""
        self._holding |= {type_: self._inject(f"holding {type_} frames") for type_ in types}

    def wait_until_held(self, *types: str) -> None:
        """Wait until a frame of every one of these types is held."""
        self._wait(lambda: all(self._holding[type_].count > 0 for type_ in types), f"{types} frames are held")

    def release(self, *types: str) -> None:
        """Wait until frames of these types are held, pass them to the page, and stop holding these types."""
        self.wait_until_held(*types)
        for type_ in types:
            del self._holding[type_]
        for route, frame in self._held:
            if frame["type"] in types:
                route.send(json.dumps(frame))
        self._held = [(route, frame) for route, frame in self._held if frame["type"] not in types]

    def cut(self) -> None:
        """Close every socket, and refuse new ones until `restore`. The page has received the close on return."""
        self._is_cut = True
        cutting = self._inject("closing sockets")
        closing, self._open, self._silent = self._open, [], []
        for route in closing:
            cutting.took_effect()
            route.close(code=1012)

    def silence(self) -> None:
        """Lose all frames of the open sockets in both directions, and until `restore` those of new sockets.

        The page is not informed. A silenced socket stays silent until it is closed.
        """
        self._is_silenced = True
        self._silencing = self._inject("losing all frames")
        self._silent = list(self._open)

    def restore(self) -> None:
        """Let sockets open again, and pass all frames of new ones."""
        self._is_cut = self._is_silenced = False
        self._replace_frame = None
        self._holding = {}

    # --- the proxy

    def _inject(self, description: str) -> Fault:
        fault = Fault(description)
        self._faults.append(fault)
        return fault

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        # Playwright delivers events only during a call of its API.
        wait_until(lambda: self._page.evaluate("true") and condition(), what)

    def _connect(self, route: WebSocketRoute) -> None:
        if self._is_cut:
            route.close(code=1012)
            return
        server = route.connect_to_server()
        self._open.append(route)
        if self._is_silenced:
            self._silent.append(route)

        def on_close(code: int | None, reason: str | None) -> None:
            for routes in (self._open, self._silent):
                if route in routes:
                    routes.remove(route)
            server.close(code=code if code == 1000 or (code or 0) >= 3000 else None)

        def on_page_frame(text: str | bytes) -> None:
            frame = json.loads(text)
            self.sent.append(frame)
            if route in self._silent:
                self._silencing.took_effect()
                self.lost.append(frame)
                return
            answer = self._answer_frame(frame) if self._answer_frame else None
            if answer is None:
                server.send(text)
            else:
                self._answered.took_effect()
                route.send(json.dumps(answer))

        def on_server_frame(text: str | bytes) -> None:
            if route in self._silent:
                self._silencing.took_effect()
                return
            frame = json.loads(text)
            if holding := self._holding.get(frame["type"]):
                holding.took_effect()
                self._held.append((route, frame))
                return
            passed = [frame] if self._replace_frame is None else self._replace_frame(frame)
            if passed != [frame]:
                self._replaced.took_effect()
            for passed_frame in passed:
                route.send(json.dumps(passed_frame))

        route.on_close(on_close)
        route.on_message(on_page_frame)
        server.on_message(on_server_frame)
