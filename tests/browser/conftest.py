"""Fixtures of the browser tests: one Chromium, and users with and without a browser, for a test or a module."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import evidence
from tests.browser import chromium
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, NewUser, open_context, open_signed_in, sign_in
from tests.browser.evidence import Recording
from tests.local_stage import TestStage
from tests.waiting import DEADLINE_MS

_RECORDINGS = pytest.StashKey[list[Recording]]()
"""The recordings of a test, one for each user with a browser."""

_FAILED = pytest.StashKey[bool]()
"""Whether a test that was called has failed."""


def _record(item: pytest.Item, user: BrowserUser) -> Recording:
    """Record a user's browser during a test: its errors fail the test, and a failure keeps the recording."""
    recording = Recording(user)
    item.stash.setdefault(_RECORDINGS, []).append(recording)
    evidence.register(item, recording.collect)
    return recording


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """Fail a test that passed if a browser logged an unexpected error, or a fault never took effect."""
    pyfuncitem.stash[_FAILED] = True
    result = yield
    for recording in pyfuncitem.stash.get(_RECORDINGS, []):
        recording.user.check_errors_and_faults()
    pyfuncitem.stash[_FAILED] = False
    return result


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests. Playwright's event loop ends before other tests start theirs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.installed(), args=chromium.arguments(), headless=True, timeout=DEADLINE_MS
        )
        yield launched
        launched.close()


@pytest.fixture
def new_user(request: pytest.FixtureRequest, stage: TestStage, browser: Browser) -> Iterator[NewUser]:
    """`new_user("dora")` creates a user with their own browser context, for one test.

    The tab is empty, and the chat finds a session when it opens there, unless `signed_in` is false. With
    `use_sign_in_page` the chat is open, after a sign-in through the hosted page. Other options are those of
    Playwright's `new_context`.
    """
    recordings: list[Recording] = []

    def create(
        name: str, *, use_sign_in_page: bool = False, signed_in: bool = True, **options: Any
    ) -> BrowserUser:
        user = open_context(browser, stage, stage.new_user(name), **options)
        recordings.append(_record(request.node, user))
        if use_sign_in_page:
            sign_in(user.page, stage.url, user.person)
        elif signed_in:
            user.store_session()
            user.register()
        return user

    yield create
    for recording in recordings:
        recording.stop()
        recording.user.close()
    for recording in recordings:
        recording.user.check_errors_and_faults()


@pytest.fixture(scope="module")
def _module_users(stage: TestStage, browser: Browser) -> Iterator[dict[str, BrowserUser]]:
    """The users whose browser context stays open for a module, by name."""
    users: dict[str, BrowserUser] = {}
    yield users
    for user in users.values():
        user.close()


def _module_user(
    name: str, request: pytest.FixtureRequest, users: dict[str, BrowserUser], browser: Browser, stage: TestStage
) -> Iterator[BrowserUser]:
    """A user whose context stays open for the module; every test starts with an empty tab."""
    if name not in users:
        users[name] = open_signed_in(browser, stage, stage.new_user(name))
    user = users[name]
    user.begin_test()
    recording = _record(request.node, user)
    yield user
    recording.stop()
    user.check_errors_and_faults()
    user.end_test(keep_tab=not request.node.stash.get(_FAILED, False))


@pytest.fixture
def dora(
    request: pytest.FixtureRequest, stage: TestStage, browser: Browser, _module_users: dict[str, BrowserUser]
) -> Iterator[BrowserUser]:
    """Dora, a signed-in user who is the same for the tests of a module. Every test creates its own channel."""
    yield from _module_user("dora", request, _module_users, browser, stage)


@pytest.fixture
def emil(
    request: pytest.FixtureRequest, stage: TestStage, browser: Browser, _module_users: dict[str, BrowserUser]
) -> Iterator[BrowserUser]:
    """Emil, another signed-in user who is the same for the tests of a module."""
    yield from _module_user("emil", request, _module_users, browser, stage)


@pytest.fixture(scope="module")
def api_users(stage: TestStage) -> Iterator[dict[str, ApiUser]]:
    """The module's users without a browser, by name. They are created on first use and closed after the module."""
    users: dict[str, ApiUser] = {}
    yield users
    for user in users.values():
        user.close()


@pytest.fixture
def fay(stage: TestStage, api_users: dict[str, ApiUser]) -> ApiUser:
    """Fay, a user without a browser."""
    if "fay" not in api_users:
        api_users["fay"] = ApiUser.open(stage, stage.new_user("fay"))
    return api_users["fay"]


@pytest.fixture
def gus(stage: TestStage, api_users: dict[str, ApiUser]) -> ApiUser:
    """Gus, another user without a browser."""
    if "gus" not in api_users:
        api_users["gus"] = ApiUser.open(stage, stage.new_user("gus"))
    return api_users["gus"]
