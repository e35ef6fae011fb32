"""A user with their own browser context: page object, request interception, and the browser's errors."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpx
import jwt
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route, WebError

from tests.browser.api_user import rest_client
from tests.browser.expectations import expect
from tests.browser.faults import Fault, check_all_took_effect
from tests.browser.socket_proxy import SocketProxy
from tests.local_stage import ROOT, Person, TestStage
from tests.waiting import DEADLINE_MS, DEADLINE_SECONDS, wait_until

ARTEFACTS = ROOT / "artefacts" / "screenshots"

NETWORK_ERRORS = re.compile(
    r"net::ERR_|WebSocket connection|Failed to load resource|WebSocket is (closed|already)"
)
"""What the browser logs without a network; expected in tests that disconnect it."""

FORBIDDEN_OR_NOT_FOUND = re.compile(r"status of 40[34]")
"""What the browser logs after a request that the user may not make."""

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
    console.error(`content security policy: ${violatedDirective} blocks ${blockedURI} ${sample}`));
"""
"""Logs violations of the content security policy, which the browser reports only to the page."""

EMPTY_PAGE = "<!doctype html><title>Between tests</title><link rel=icon href=data:,>"


@dataclass
class BrowserUser:
    """A user with a browser."""

    person: Person
    context: BrowserContext
    page: Page
    stage: TestStage
    console: list[str] = field(default_factory=list)
    """All lines of the browser's console in this test."""
    unexpected_errors: list[str] = field(default_factory=list)
    """The console's errors that the test did not allow."""
    allowed_errors: list[re.Pattern[str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_modified: bool = False
    """Whether the page has routes of the test, so that the next test needs another page."""
    is_traced: bool = False
    """Whether tracing was started in the context."""

    # --- page object: what the page shows

    @property
    def log(self) -> Locator:
        """The list of messages."""
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        """The composer's text field."""
        return self.page.get_by_role("textbox", name=re.compile("^Message$"))

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """The displayed messages that contain a text."""
        return self.log.get_by_role("article").filter(has_text=text)

    def texts(self) -> list[str]:
        """The texts of the displayed messages, from top to bottom."""
        return [text.strip() for text in self.log.locator(".Markdown_markdown").all_inner_texts()]

    def channel_link(self, name: str) -> Locator:
        """A channel's link in the sidebar."""
        return self.page.get_by_role("navigation", name="Channels and people").get_by_role(
            "link", name=re.compile(rf"^{re.escape(name)}(?=[ ,]*(,|$))")
        )

    def screenshot(self, name: str) -> Path:
        """Save a screenshot as an artefact."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    # --- page object: actions

    def store_session(self) -> None:
        """Store a session in every new tab, as a sign-in through the hosted page does."""
        self.context.add_init_script(_session_script(self.stage, self.person))

    def open_channel(self, channel_id: str, seq: int | None = None) -> None:
        """Open the address of a channel, or of a message in it; sign in if the page asks for it."""
        sign_in(self.page, f"{self.stage.url}/c/{channel_id}" + (f"/{seq}" if seq else ""), self.person)
        expect(self.composer).to_be_visible()

    def open_channel_and_connect(self, channel_id: str) -> None:
        """Open a channel and deliver a message: then the socket is in use, and no missed message is fetched."""
        self.open_channel(channel_id)
        self.send_message("hello")
        expect(self.message("hello").get_by_role("img", name="Delivered", exact=True)).to_be_visible()

    def send_message(self, text: str) -> None:
        """Write a message in the composer and press Enter."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def click_action(self, message: Locator, action: str) -> None:
        """Click a button of a message's toolbar."""
        expect(message).to_be_visible()
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()

    def open_tab(self, path: str | None = None) -> Page:
        """Open another tab, by default at the current address; sign in if the page asks for it."""
        page = self.context.new_page()
        sign_in(page, self.stage.url + path if path else self.page.url, self.person)
        return page

    def allow_errors(self, pattern: re.Pattern[str]) -> None:
        """Allow errors in the console that match the pattern, from now on."""
        self.allowed_errors.append(pattern)

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition that `expect` cannot express, while Playwright delivers events."""
        wait_until(lambda: self.page.evaluate("true") and condition(), what)

    # --- faults, each of which must take effect before the test ends

    def proxy_sockets(self) -> SocketProxy:
        """A proxy for the sockets that the page opens from now on."""
        self.is_modified = True
        return SocketProxy(self.page, self.faults)

    def intercept(self, url: str | re.Pattern[str], handle: Callable[[Route], object]) -> Fault:
        """Call `handle` with the page's requests to these addresses instead of sending them."""
        self.is_modified = True
        fault = Fault(f"a handler of requests to {url if isinstance(url, str) else url.pattern}")
        self.faults.append(fault)

        def on_request(route: Route) -> None:
            fault.took_effect()
            handle(route)

        self.page.route(url, on_request)
        return fault

    def check_errors_and_faults(self) -> None:
        """Raise AssertionError if the browser logged an unexpected error, or a fault never took effect."""
        errors, self.unexpected_errors = self.unexpected_errors, []
        assert errors == [], f"{self.person.username}'s browser logged errors: {errors}"
        check_all_took_effect(self.faults)

    def begin_test(self) -> None:
        """Open a tab if there is none, and clear what earlier tests recorded."""
        if self.page.is_closed():
            self.page = self.context.new_page()
        self.is_modified = False
        self.console.clear()
        self.unexpected_errors.clear()
        self.allowed_errors.clear()
        self.faults.clear()

    # --- REST requests, without the browser

    @cached_property
    def api(self) -> httpx.Client:
        """The REST API as this user."""
        return rest_client(self.stage, self.person)

    @cached_property
    def user_id(self) -> str:
        """The user's id."""
        return str(self.request("GET", "/me")["userId"])

    def register(self) -> None:
        """Make the first API call, which adds the user to the directory and to `general`."""
        assert self.user_id

    def request(self, method: str, path: str, body: object | None = None, **query: object) -> Any:
        """Make a request and return the response's body. Raises httpx.HTTPStatusError for a 4xx or 5xx status."""
        parameters = {name: str(value) for name, value in query.items()}
        response = self.api.request(method, path, json=body, params=parameters)
        response.raise_for_status()
        return response.json() if response.content else None

    def new_channel(self, name: str, *members: str, kind: str = "private") -> str:
        """Create a channel with these users as members, and return its id."""
        channel_id = str(self.request("POST", "/channels", {"name": name, "kind": kind})["channelId"])
        for user_id in members:
            self.request("PUT", f"/channels/{channel_id}/members/{user_id}")
        return channel_id

    def history(self, channel_id: str) -> list[dict[str, Any]]:
        """The newest messages on the server, up to 100."""
        return list(self.request("GET", f"/channels/{channel_id}/messages", limit=100)["items"])

    # --- the browser context

    def record_errors(self) -> None:
        """Record the console, uncaught errors and content security policy violations of all tabs."""
        self.context.add_init_script(REPORT_VIOLATIONS)
        self.context.on("console", self._on_console)
        self.context.on("weberror", self._on_uncaught_error)

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text} at {message.location['url']}")
        if message.type == "error" and not any(pattern.search(message.text) for pattern in self.allowed_errors):
            self.unexpected_errors.append(f"{message.text} at {message.location['url']}")

    def _on_uncaught_error(self, error: WebError) -> None:
        self.console.append(f"uncaught: {error.error}")
        self.unexpected_errors.append(str(error.error))

    def end_test(self, *, keep_tab: bool) -> None:
        """Close the tabs and clear the storage. Keeping one tab saves the start of a renderer process."""
        keep_tab = keep_tab and not self.is_modified and not self.page.is_closed()
        for page in self.context.pages:
            if page != self.page or not keep_tab:
                page.close()
        if keep_tab:
            # On an empty page of the same origin the storage can be cleared, and the renderer stays.
            empty = f"{self.stage.url.rstrip('/')}/empty"
            self.page.route(empty, lambda route: route.fulfill(content_type="text/html", body=EMPTY_PAGE))
            self.page.goto(empty)
            self.page.unroute(empty)
            self.page.evaluate("sessionStorage.clear()")
            self.page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
            self.page.set_viewport_size({"width": 1280, "height": 720})

    def close(self) -> None:
        """Close the browser context."""
        if "api" in self.__dict__:
            self.api.close()
        self.context.close()


def open_context(browser: Browser, stage: TestStage, person: Person, **options: Any) -> BrowserUser:
    """Open a browser context with an empty tab. `options` are those of Playwright's `new_context`."""
    context = browser.new_context(**options)
    context.set_default_timeout(DEADLINE_MS)
    user = BrowserUser(person, context, context.new_page(), stage)
    user.record_errors()
    return user


def open_signed_in(browser: Browser, stage: TestStage, person: Person, **options: Any) -> BrowserUser:
    """Open a browser context whose tabs are signed in. The first tab is empty."""
    user = open_context(browser, stage, person, **options)
    user.store_session()
    user.register()
    return user


STORE_SESSION = """([origin, name, session]) => {
    if (location.origin !== origin || sessionStorage.getItem("tests.session")) return;
    sessionStorage.setItem("tests.session", "stored");
    sessionStorage.setItem(name, session);
    localStorage.setItem("parley.signedIn", "yes");
}"""


def _session_script(stage: TestStage, person: Person) -> str:
    """A script that stores what a sign-in stores in a tab: the tokens, and the mark that a user is signed in."""
    auth = _auth_config(stage.url)
    tokens = stage.stage.user_pool.sign_in(person.username, person.password)
    session = {
        "id_token": tokens["IdToken"],
        "access_token": tokens["AccessToken"],
        "refresh_token": tokens["RefreshToken"],
        "token_type": "Bearer",
        "scope": auth["scopes"],
        "profile": jwt.decode(tokens["IdToken"], options={"verify_signature": False}),
        "expires_at": int(time.time()) + tokens["ExpiresIn"],
    }
    name = f"oidc.user:{auth['authority']}:{auth['clientId']}"
    return f"({STORE_SESSION})({json.dumps([stage.url.rstrip('/'), name, json.dumps(session)])})"


@cache
def _auth_config(site_url: str) -> dict[str, str]:
    """The sign-in settings in the site's config.json."""
    config = httpx.get(f"{site_url.rstrip('/')}/config.json", timeout=DEADLINE_SECONDS).raise_for_status()
    return dict(config.json()["auth"])


def sign_in(page: Page, url: str, person: Person) -> None:
    """Open an address of the chat, and sign in if the page asks for it."""
    page.goto(url, wait_until="commit")
    button = page.get_by_role("button", name="Sign in")
    chat = page.get_by_role("navigation", name="Channels and people").or_(page.locator(".ChatShell_app"))
    expect(button.or_(chat.first).first).to_be_visible()
    if not button.is_visible():
        return
    button.click()
    fill_in_credentials(page, person)
    expect(chat.first).to_be_visible()


def fill_in_credentials(page: Page, person: Person) -> None:
    """Sign in on the hosted sign-in page."""
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")


NewUser = Callable[..., BrowserUser]
"""The type of the fixture `new_user`."""
