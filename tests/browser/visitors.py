"""Somebody at a browser: a Chromium context, signed in, and what it complains of."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import jwt
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.local_stage import ROOT, Person, TestStage

ARTEFACTS = ROOT / "artefacts" / "screenshots"
PATIENCE_MS = 20_000

# What a browser notes when the network is gone: expected where a test takes it away.
NETWORK_GONE = re.compile(r"net::ERR_|WebSocket connection|Failed to load resource|WebSocket is (closed|already)")

# What it notes of a resource that is not for this person: expected where a test asks for one.
REFUSED = re.compile(r"status of 40[34]")

# The browser reports a violation of the content security policy to the page; here to the test too.
REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI, sample}) =>
    console.error(`content security policy: ${violatedDirective} blocks ${blockedURI} ${sample}`));
"""


@dataclass
class Visitor:
    """Somebody at a browser."""

    person: Person
    context: BrowserContext
    page: Page
    stage: TestStage
    complaints: list[str] = field(default_factory=list)
    forgiven: list[re.Pattern[str]] = field(default_factory=list)

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

    def go(self, channel_id: str, seq: int | None = None) -> None:
        """Follow the link of a channel, or of a message in it."""
        sign_in(self.page, f"{self.stage.url}/c/{channel_id}" + (f"/{seq}" if seq else ""), self.person)
        expect(self.composer).to_be_visible(timeout=PATIENCE_MS)

    def say(self, text: str) -> None:
        """Write a message and send it."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def act_on(self, message: Locator, action: str) -> None:
        """Do what a message's toolbar offers."""
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

    # --- the same person, without a browser

    @cached_property
    def api(self) -> httpx.Client:
        """The REST API as this person."""
        headers = {"Authorization": self.stage.id_token(self.person)}
        return httpx.Client(base_url=self.stage.api_url, headers=headers, timeout=20)

    @cached_property
    def user_id(self) -> str:
        """Their user id."""
        return str(self.ask("GET", "/me")["userId"])

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
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(kind.search(message.text) for kind in self.forgiven):
            self.complaints.append(f"{message.text} at {message.location['url']}")

    def leave(self) -> None:
        """Close every tab."""
        if "api" in self.__dict__:
            self.api.close()
        self.context.close()


def arrive(
    browser: Browser, stage: TestStage, person: Person, *, by_hand: bool = False, **options: Any
) -> Visitor:
    """A browser context of this person's own, signed in: by hand through the hosted page, or with the session
    that it would have left in the tab, which is quicker. Options are those of Playwright's `new_context`."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    visitor = Visitor(person, context, context.new_page(), stage)
    visitor.listen()
    if not by_hand:
        _leave_session(visitor.page, stage, person)
    sign_in(visitor.page, stage.url, person)
    return visitor


def _leave_session(page: Page, stage: TestStage, person: Person) -> None:
    """What a tab keeps after a sign-in: the tokens in its session storage, and that somebody is signed in."""
    # An empty page of the site's origin: nothing of it is loaded yet.
    page.route(
        "**/empty", lambda route: route.fulfill(content_type="text/html", body="<link rel=icon href=data:,>")
    )
    page.goto(f"{stage.url}/empty")
    auth = httpx.get(f"{stage.url}/config.json").raise_for_status().json()["auth"]
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
    page.evaluate(
        """([name, session]) => {
            sessionStorage.setItem(name, session);
            localStorage.setItem("parley.signedIn", "yes");
        }""",
        [f"oidc.user:{auth['authority']}:{auth['clientId']}", json.dumps(kept)],
    )


def sign_in(page: Page, url: str, person: Person) -> None:
    """Open the chat, and sign in if asked."""
    page.goto(url)
    start = page.get_by_role("button", name="Sign in")
    inside = page.get_by_role("navigation", name="Channels and people").or_(page.locator(".app"))
    expect(start.or_(inside.first).first).to_be_visible(timeout=PATIENCE_MS)
    if not start.is_visible():
        return
    start.click()
    fill_in_credentials(page, person)
    expect(inside.first).to_be_visible(timeout=PATIENCE_MS)


def fill_in_credentials(page: Page, person: Person) -> None:
    """Answer the hosted sign-in page."""
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")


Visit = Callable[..., Visitor]
