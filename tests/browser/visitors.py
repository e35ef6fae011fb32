"""A user with a browser: a Chromium context of their own, signed in, and what it reports."""

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

from tests.browser.expectations import expect
from tests.browser.faults import Fault, check_all_took_effect
from tests.browser.voice import rest_client
from tests.browser.wire import Wire
from tests.local_stage import ROOT, Person, TestStage
from tests.waiting import DEADLINE_MS, DEADLINE_SECONDS, wait_until

ARTEFACTS = ROOT / "artefacts" / "screenshots"

# What a browser notes when the network is gone: expected where a test takes it away.
NETWORK_GONE = re.compile(r"net::ERR_|WebSocket connection|Failed to load resource|WebSocket is (closed|already)")

# What it notes of a resource that is not for this person: expected where a test asks for one.
REFUSED = re.compile(r"status of 40[34]")

# The browser reports a violation of the content security policy to the page; here to the test too.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
    console.error(`content security policy: ${violatedDirective} blocks ${blockedURI} ${sample}`));
"""

EMPTY_PAGE = "<!doctype html><title>Between two tests</title><link rel=icon href=data:,>"


@dataclass
class Visitor:
    """A user with a browser."""

    person: Person
    context: BrowserContext
    page: Page
    stage: TestStage
    console: list[str] = field(default_factory=list)
    """Every line of the browser's console in this test."""
    complaints: list[str] = field(default_factory=list)
    """Its errors that no test has said to expect."""
    forgiven: list[re.Pattern[str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    altered: bool = False
    """Whether the page keeps something of the test's, so that the next test needs another."""
    traced: bool = False
    """Whether the context's actions are being recorded."""

    # --- what they see

    @property
    def log(self) -> Locator:
        """The messages on screen."""
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        """Where they write."""
        return self.page.get_by_role("textbox", name=re.compile("^Message$"))

    def message(self, text: str | re.Pattern[str]) -> Locator:
        """The messages on screen that contain a text."""
        return self.log.get_by_role("article").filter(has_text=text)

    def texts(self) -> list[str]:
        """The texts of the messages on screen, from above."""
        return [text.strip() for text in self.log.locator(".markdown").all_inner_texts()]

    def channel_link(self, name: str) -> Locator:
        """A channel in the sidebar."""
        return self.page.get_by_role("navigation", name="Channels and people").get_by_role(
            "link", name=re.compile(rf"^{re.escape(name)}(?=[ ,]*(,|$))")
        )

    def picture(self, name: str) -> Path:
        """Keep a screenshot as an artefact."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    # --- what they do

    def give_session(self) -> None:
        """Have every tab find a session that the hosted page would have left in it."""
        self.context.add_init_script(_session_script(self.stage, self.person))

    def go(self, channel_id: str, seq: int | None = None) -> None:
        """Follow the link of a channel, or of a message in it."""
        sign_in(self.page, f"{self.stage.url}/c/{channel_id}" + (f"/{seq}" if seq else ""), self.person)
        expect(self.composer).to_be_visible()

    def say(self, text: str) -> None:
        """Write a message and send it."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def act_on(self, message: Locator, action: str) -> None:
        """Do what a message's toolbar offers."""
        expect(message).to_be_visible()
        expect(message).to_be_visible()
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()

    def open_tab(self, path: str | None = None) -> Page:
        """Another tab of the same person, signed in if the session is shared, else through the page."""
        page = self.context.new_page()
        sign_in(page, self.stage.url + path if path else self.page.url, self.person)
        return page

    def forgive(self, pattern: re.Pattern[str]) -> None:
        """Expect complaints of this kind from now on."""
        self.forgiven.append(pattern)

    def wait_until(self, look: Callable[[], object], what: str) -> None:
        """Wait for something that Playwright has no expectation for, while its events go on arriving."""
        wait_until(lambda: self.page.evaluate("true") and look(), what)

    # --- faults; each must take effect before the test ends

    def wire(self) -> Wire:
        """Control over the sockets that the page opens from now on."""
        self.altered = True
        return Wire(self.page, self.faults)

    def intercept(self, url: str | re.Pattern[str], handle: Callable[[Route], object]) -> Fault:
        """Handle the page's requests to these addresses in the server's place."""
        self.altered = True
        fault = Fault(f"a handler of requests to {url if isinstance(url, str) else url.pattern}")
        self.faults.append(fault)

        def counted(route: Route) -> None:
            fault.took_effect()
            handle(route)

        self.page.route(url, counted)
        return fault

    def check(self) -> None:
        """Fail if the browser complained, or if a fault that the test injected never took effect."""
        complaints, self.complaints = self.complaints, []
        assert complaints == [], f"{self.person.username}'s browser complained: {complaints}"
        check_all_took_effect(self.faults)

    def begin_test(self) -> None:
        """An empty tab, and nothing known of the tests before."""
        if self.page.is_closed():
            self.page = self.context.new_page()
        self.altered = False
        self.console.clear()
        self.complaints.clear()
        self.forgiven.clear()
        self.faults.clear()

    # --- the same person, without a browser

    @cached_property
    def api(self) -> httpx.Client:
        """The REST API as this person."""
        return rest_client(self.stage, self.person)

    @cached_property
    def user_id(self) -> str:
        """Their user id."""
        return str(self.ask("GET", "/me")["userId"])

    def register(self) -> None:
        """Be known to the stage, as a member of its first channel: the chat does this on a first visit."""
        assert self.user_id

    def ask(self, method: str, path: str, body: object | None = None, **query: object) -> Any:
        """One request; its answer's body. Raises httpx.HTTPStatusError for a refusal."""
        parameters = {name: str(value) for name, value in query.items()}
        answer = self.api.request(method, path, json=body, params=parameters)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def new_channel(self, name: str, *members: str, kind: str = "private") -> str:
        """A channel of their own, with these users as members; its id."""
        channel_id = str(self.ask("POST", "/channels", {"name": name, "kind": kind})["channelId"])
        for user_id in members:
            self.ask("PUT", f"/channels/{channel_id}/members/{user_id}")
        return channel_id

    def history(self, channel_id: str) -> list[dict[str, Any]]:
        """The newest messages as the server has them."""
        return list(self.ask("GET", f"/channels/{channel_id}/messages", limit=100)["items"])

    # --- the browser's complaints

    def listen(self) -> None:
        """Note errors in the console and uncaught ones, of every tab, policy violations among them."""
        self.context.add_init_script(REPORT_VIOLATIONS)
        self.context.on("console", self._note)
        self.context.on("weberror", self._note_error)

    def _note(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text} at {message.location['url']}")
        if message.type == "error" and not any(kind.search(message.text) for kind in self.forgiven):
            self.complaints.append(f"{message.text} at {message.location['url']}")

    def _note_error(self, error: WebError) -> None:
        self.console.append(f"uncaught: {error.error}")
        self.complaints.append(str(error.error))

    def end_test(self, *, keep_tab: bool) -> None:
        """Leave nothing of the test behind. Keeping the tab saves the start of a renderer process."""
        keep_tab = keep_tab and not self.altered and not self.page.is_closed()
        for page in self.context.pages:
            if page != self.page or not keep_tab:
                page.close()
        if keep_tab:
            # An empty page of the site: its storage can be cleared, and the renderer stays.
            empty = f"{self.stage.url.rstrip('/')}/empty"
            self.page.route(empty, lambda route: route.fulfill(content_type="text/html", body=EMPTY_PAGE))
            self.page.goto(empty)
            self.page.unroute(empty)
            self.page.evaluate("sessionStorage.clear()")
            self.page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
            self.page.set_viewport_size({"width": 1280, "height": 720})

    def leave(self) -> None:
        """Close the browser context."""
        if "api" in self.__dict__:
            self.api.close()
        self.context.close()


def open_browser(browser: Browser, stage: TestStage, person: Person, **options: Any) -> Visitor:
    """A browser context of this person's own, with an empty tab. Options: those of Playwright's `new_context`."""
    context = browser.new_context(**options)
    context.set_default_timeout(DEADLINE_MS)
    visitor = Visitor(person, context, context.new_page(), stage)
    visitor.listen()
    return visitor


def arrive(browser: Browser, stage: TestStage, person: Person, **options: Any) -> Visitor:
    """Somebody whom the chat finds signed in, in whatever tab it is opened; their first tab is empty."""
    visitor = open_browser(browser, stage, person, **options)
    visitor.give_session()
    visitor.register()
    return visitor


GIVE_SESSION = """([origin, name, session]) => {
    if (location.origin !== origin || sessionStorage.getItem("tests.session")) return;
    sessionStorage.setItem("tests.session", "given");
    sessionStorage.setItem(name, session);
    localStorage.setItem("parley.signedIn", "yes");
}"""


def _session_script(stage: TestStage, person: Person) -> str:
    """Puts what a tab keeps after a sign-in into each new tab: the tokens, and that somebody is signed in."""
    auth = _auth_config(stage.url)
    tokens = stage.stage.user_pool.sign_in(person.username, person.password)
    kept = {
        "id_token": tokens["IdToken"],
        "access_token": tokens["AccessToken"],
        "refresh_token": tokens["RefreshToken"],
        "token_type": "Bearer",
        "scope": auth["scopes"],
        "profile": jwt.decode(tokens["IdToken"], options={"verify_signature": False}),
        "expires_at": int(time.time()) + tokens["ExpiresIn"],
    }
    name = f"oidc.user:{auth['authority']}:{auth['clientId']}"
    return f"({GIVE_SESSION})({json.dumps([stage.url.rstrip('/'), name, json.dumps(kept)])})"


@cache
def _auth_config(site_url: str) -> dict[str, str]:
    """What the site says of signing in."""
    config = httpx.get(f"{site_url.rstrip('/')}/config.json", timeout=DEADLINE_SECONDS).raise_for_status()
    return dict(config.json()["auth"])


def sign_in(page: Page, url: str, person: Person) -> None:
    """Open the chat, and sign in if asked."""
    page.goto(url, wait_until="commit")
    start = page.get_by_role("button", name="Sign in")
    inside = page.get_by_role("navigation", name="Channels and people").or_(page.locator(".app"))
    expect(start.or_(inside.first).first).to_be_visible()
    if not start.is_visible():
        return
    start.click()
    fill_in_credentials(page, person)
    expect(inside.first).to_be_visible()


def fill_in_credentials(page: Page, person: Person) -> None:
    """Answer the hosted sign-in page."""
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")


Visit = Callable[..., Visitor]
