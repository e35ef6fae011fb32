"""People with browsers: one Chromium, and visitors who stay for a test or for a module."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import chromium
from tests.browser.visitors import Visit, Visitor, arrive
from tests.browser.voice import Voice
from tests.local_stage import TestStage

expect.set_options(timeout=10_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; it leaves before others run event loops of their own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.installed(), args=chromium.arguments(), headless=True
        )
        yield launched
        launched.close()


def _check(visitor: Visitor) -> None:
    complaints, visitor.complaints = visitor.complaints, []
    assert complaints == [], f"{visitor.person.username}'s browser complained"


@pytest.fixture
def visit(stage: TestStage, browser: Browser) -> Iterator[Visit]:
    """`visit("dora")`: a new user, signed in, in a browser context of their own, for one test."""
    visitors: list[Visitor] = []

    def enter(name: str, **options: Any) -> Visitor:
        visitors.append(arrive(browser, stage, stage.new_user(name), **options))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.leave()
    for visitor in visitors:
        _check(visitor)


@pytest.fixture(scope="module")
def _stayers(stage: TestStage, browser: Browser) -> Iterator[dict[str, Visitor]]:
    """Those who stay for a module, by name."""
    visitors: dict[str, Visitor] = {}
    yield visitors
    for visitor in visitors.values():
        visitor.leave()


def _stay(name: str, stayers: dict[str, Visitor], browser: Browser, stage: TestStage) -> Iterator[Visitor]:
    """Signed in once, with a tab of its own for each test."""
    if name not in stayers:
        stayers[name] = arrive(browser, stage, stage.new_user(name))
    visitor = stayers[name]
    first, visitor.page = visitor.page, visitor.context.new_page()
    yield visitor
    visitor.page.close()
    visitor.page = first
    visitor.forgiven.clear()
    _check(visitor)


@pytest.fixture
def dora(stage: TestStage, browser: Browser, _stayers: dict[str, Visitor]) -> Iterator[Visitor]:
    """Dora, who stays signed in for the module's tests; each uses a channel of its own."""
    yield from _stay("dora", _stayers, browser, stage)


@pytest.fixture
def emil(stage: TestStage, browser: Browser, _stayers: dict[str, Visitor]) -> Iterator[Visitor]:
    """Emil, who stays signed in for the module's tests."""
    yield from _stay("emil", _stayers, browser, stage)


@pytest.fixture(scope="module")
def voices(stage: TestStage) -> Iterator[dict[str, Voice]]:
    """Those without a screen, by name: made when first asked for, gone after the module."""
    made: dict[str, Voice] = {}
    yield made
    for voice in made.values():
        voice.close()


@pytest.fixture
def fay(stage: TestStage, voices: dict[str, Voice]) -> Voice:
    """Fay, who writes and is not watched: a socket without a browser."""
    if "fay" not in voices:
        voices["fay"] = Voice.of(stage, stage.new_user("fay"))
    return voices["fay"]


@pytest.fixture
def gus(stage: TestStage, voices: dict[str, Voice]) -> Voice:
    """Gus, another without a browser."""
    if "gus" not in voices:
        voices["gus"] = Voice.of(stage, stage.new_user("gus"))
    return voices["gus"]
