"""Playwright's `expect` with the tests' one deadline, and with short pauses between looks.

With a long timeout Playwright looks every half second, which would make most of a test's time. With a short one it
looks every 50 ms, so a long wait is made of short ones.
"""

import time
from collections.abc import Callable
from typing import Any, cast, overload

from playwright.sync_api import Locator, Page
from playwright.sync_api import expect as playwrights_expect
from playwright.sync_api._generated import LocatorAssertions, PageAssertions

from tests.waiting import DEADLINE_SECONDS

ROUND_MS = 400


class _Repeated:
    """Assertions that are made again and again until they hold."""

    def __init__(self, assertions: Any) -> None:
        self._assertions = assertions

    def __getattr__(self, name: str) -> Callable[..., None]:
        assertion = getattr(self._assertions, name)

        def repeated(*arguments: Any, **options: Any) -> None:
            deadline = time.monotonic() + DEADLINE_SECONDS
            while True:
                try:
                    assertion(*arguments, **options, timeout=ROUND_MS)
                    return
                except AssertionError as failure:
                    if time.monotonic() > deadline:
                        failure.add_note(f"It was looked for again and again for {DEADLINE_SECONDS:g} s.")
                        raise

        return repeated


@overload
def expect(actual: Locator) -> LocatorAssertions: ...


@overload
def expect(actual: Page) -> PageAssertions: ...


def expect(actual: Locator | Page) -> LocatorAssertions | PageAssertions:
    """Wait for something to be so. Raises AssertionError if it is not within the tests' deadline."""
    return cast(LocatorAssertions, _Repeated(playwrights_expect(actual)))
