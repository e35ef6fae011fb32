"""The page's own clock, stopped: what an app does after a time then depends on the test alone, not on the machine.

Sockets, requests and rendering go on in real time. Only timers and `Date` stand still, until `run_for` or
`fast_forward` moves them.

A clock belongs to a browser context with all its tabs, so a test that installs one has a visitor of its own.
"""

from playwright.sync_api import Error, Page


def stop(page: Page) -> None:
    """Stop the clock of a page that has it installed, at about the present."""
    ahead_ms = 50.0
    while True:
        now_ms: float = page.evaluate("Date.now()")
        try:
            # Playwright wants a moment that has not passed yet, and a busy machine may pass it in between.
            page.clock.pause_at((now_ms + ahead_ms) / 1000)
            return
        except Error as refusal:
            if "to the past" not in str(refusal):
                raise
            ahead_ms *= 2
