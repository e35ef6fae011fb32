"""Playwright's `expect` with the tests' deadline and a short polling interval.

With a long timeout Playwright polls only every half second, which would be most of a test's time. With a short one
it polls about every 50 ms, so `expect` repeats a short wait until the deadline.
"""

import re
import time
from collections.abc import Callable
from typing import Any, cast, overload

from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as playwright_expect
from playwright.sync_api._generated import LocatorAssertions, PageAssertions

from tests.local_stage import Person
from tests.waiting import DEADLINE_SECONDS

SHORT_TIMEOUT_MS = 400


def shown_name(person: Person) -> str:
    """A regular expression for the name of a user as the chat shows it.

    It has the username if the stage has another user of that name, which depends on the tests that ran before.
    """
    name = person.username.partition("-")[0].capitalize()
    return rf"{name}( \(@{re.escape(person.username)}\))?"


class _Repeated:
    """Playwright's assertions, each repeated until it passes or the deadline is over."""

    def __init__(self, assertions: Any) -> None:
        self._assertions = assertions

    def __getattr__(self, name: str) -> Callable[..., None]:
        assertion = getattr(self._assertions, name)

        def repeated(*arguments: Any, **options: Any) -> None:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while True:
                try:
                    assertion(*arguments, **options, timeout=SHORT_TIMEOUT_MS)
                    return
                except AssertionError as failure:
                    if time.monotonic() > deadline:
                        failure.add_note(f"Repeated for {DEADLINE_SECONDS:g} s.")
                        raise

        return repeated


@overload
def expect(actual: Locator) -> LocatorAssertions: ...


@overload
def expect(actual: Page) -> PageAssertions: ...


def expect(actual: Locator | Page) -> LocatorAssertions | PageAssertions:
    """Assertions that wait until they pass. They raise AssertionError at the tests' deadline."""
    return cast(LocatorAssertions, _Repeated(playwright_expect(actual)))
