"""Stops a page's clock, so that what the app does after a time depends on the test and not on the machine's speed.

Only timers and `Date` stop, until `run_for` or `fast_forward` advances them; sockets, requests and rendering
continue in real time. A clock applies to all tabs of a browser context, so a test that installs one uses its own
user (fixture `new_user`).
"""

from playwright.sync_api import Error, Page


def stop(page: Page) -> None:
    """Stop the installed clock of a page at about the present time."""
    ahead_ms = 50.0
    while True:
        now_ms: float = page.evaluate("Date.now()")
        try:
            # Playwright accepts only a future time, which a slow machine may pass before the call.
            page.clock.pause_at((now_ms + ahead_ms) / 1000)
            return
        except Error as error:
            if "to the past" not in str(error):
                raise
            ahead_ms *= 2
