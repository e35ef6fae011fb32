"""People with browsers: Chromium contexts, signed in through the real sign-in page."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import chromium
from tests.local_stage import ROOT, Person, TestStage

ARTEFACTS = ROOT / "artefacts" / "screenshots"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; it leaves before others run event loops of their own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.installed(), args=chromium.arguments(), headless=True
        )
        yield launched
        launched.close()


@dataclass
class Visitor:
    """Somebody at a browser."""

    person: Person
    context: BrowserContext
    page: Page
    complaints: list[str]

    def picture(self, name: str) -> Path:
        """Keep a screenshot as an artefact."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def open_tab(self) -> Page:
        """Another tab of the same person, signed in if the session is shared, else through the page."""
        page = self.context.new_page()
        sign_in(page, self.page.url, self.person)
        return page

    def say(self, text: str) -> None:
        """Write a message and send it."""
        box = self.page.get_by_role("textbox", name=re.compile("^Message"))
        box.fill(text)
        box.press("Enter")


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(stage: TestStage, browser: Browser) -> Iterator[Visit]:
    """`visit("dora")`: a new user, signed in, in a browser context of their own."""
    open_contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def enter(name: str, **options: object) -> Visitor:
        person = stage.new_user(name)
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        open_contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _note(message, complaints))
        visitor = Visitor(person, context, page, complaints)
        visitors.append(visitor)
        sign_in(page, stage.url, person)
        return visitor

    yield enter
    for context in open_contexts:
        context.close()
    for visitor in visitors:
        assert visitor.complaints == [], f"{visitor.person.username}'s browser complained"


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type == "error":
        complaints.append(message.text)


def sign_in(page: Page, url: str, person: Person) -> None:
    """Open the chat, and sign in if asked."""
    page.goto(url)
    start = page.get_by_role("button", name="Sign in")
    composer = page.get_by_role("textbox", name=re.compile("^Message"))
    expect(start.or_(composer).first).to_be_visible(timeout=20_000)
    if composer.is_visible():
        return
    start.click()
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.locator("input[name=password]").press("Enter")
    expect(composer).to_be_visible(timeout=20_000)
