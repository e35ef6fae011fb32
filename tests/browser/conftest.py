"""Users with browsers: one Chromium, and visitors who stay for a test or for a module."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import evidence
from tests.browser import chromium
from tests.browser.evidence import Recording
from tests.browser.visitors import Visit, Visitor, arrive, open_browser, sign_in
from tests.browser.voice import Voice
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_MS

_RECORDINGS = pytest.StashKey[list[Recording]]()
"""Of an item: what its visitors' browsers do."""

_FAILED = pytest.StashKey[bool]()
"""Of an item that was called."""


def _record(node: pytest.Item, visitor: Visitor) -> Recording:
    """Watch a visitor for this test: their browser must not complain, and a failure leaves what it shows."""
    recording = Recording(visitor)
    node.stash.setdefault(_RECORDINGS, []).append(recording)
    evidence.register(node, recording.collect)
    return recording


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """A test that came to its end fails all the same if a browser complained or a fault never took effect."""
    pyfuncitem.stash[_FAILED] = True
    result = yield
    for recording in pyfuncitem.stash.get(_RECORDINGS, []):
        recording.visitor.check()
    pyfuncitem.stash[_FAILED] = False
    return result


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; it leaves before others run event loops of their own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.installed(), args=chromium.arguments(), headless=True, timeout=DEADLINE_MS
        )
        yield launched
        launched.close()


@pytest.fixture
def visit(request: pytest.FixtureRequest, stage: TestStage, browser: Browser) -> Iterator[Visit]:
    """`visit("dora")`: a new user in a browser context of their own, for one test.

    Their tab is empty, and the chat will find a session when it opens there; a `stranger` has none. `by_hand`
    opens the chat and signs in through the hosted page.
    """
    recordings: list[Recording] = []

    def enter(name: str, *, by_hand: bool = False, stranger: bool = False, **options: Any) -> Visitor:
        visitor = open_browser(browser, stage, stage.new_user(name), **options)
        recordings.append(_record(request.node, visitor))
        if by_hand:
            sign_in(visitor.page, stage.url, visitor.person)
        elif not stranger:
            visitor.give_session()
            visitor.register()
        return visitor

    yield enter
    for recording in recordings:
        recording.stop()
        recording.visitor.leave()
    for recording in recordings:
        recording.visitor.check()


@pytest.fixture(scope="module")
def _stayers(stage: TestStage, browser: Browser) -> Iterator[dict[str, Visitor]]:
    """Those who stay for a module, by name."""
    visitors: dict[str, Visitor] = {}
    yield visitors
    for visitor in visitors.values():
        visitor.leave()


def _stay(
    name: str, request: pytest.FixtureRequest, stayers: dict[str, Visitor], browser: Browser, stage: TestStage
) -> Iterator[Visitor]:
    """One context for the module, with an empty tab for each test."""
    if name not in stayers:
        stayers[name] = arrive(browser, stage, stage.new_user(name))
    visitor = stayers[name]
    visitor.begin_test()
    recording = _record(request.node, visitor)
    yield visitor
    recording.stop()
    visitor.check()
    visitor.end_test(keep_tab=not request.node.stash.get(_FAILED, False))


@pytest.fixture
def dora(
    request: pytest.FixtureRequest, stage: TestStage, browser: Browser, _stayers: dict[str, Visitor]
) -> Iterator[Visitor]:
    """Dora, who has a session for the module's tests; each uses a channel of its own."""
    yield from _stay("dora", request, _stayers, browser, stage)


@pytest.fixture
def emil(
    request: pytest.FixtureRequest, stage: TestStage, browser: Browser, _stayers: dict[str, Visitor]
) -> Iterator[Visitor]:
    """Emil, who has a session for the module's tests."""
    yield from _stay("emil", request, _stayers, browser, stage)


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
