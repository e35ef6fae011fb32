"""Collects the evidence of a failed browser test: screenshots, page addresses, the console, a Playwright trace.

Open a trace with `playwright show-trace FILE`, or drop it onto https://trace.playwright.dev.
"""

from pathlib import Path

from playwright.sync_api import Error

from tests.browser.browser_user import BrowserUser


class Recording:
    """The trace of one user's browser in one test. It is discarded unless `collect` is called before `stop`."""

    def __init__(self, user: BrowserUser) -> None:
        self.user = user
        tracing = user.context.tracing
        # Tracing starts once in a context that several tests use; every test records its own chunk.
        if user.is_traced:
            tracing.start_chunk()
        else:
            tracing.start(snapshots=True)
            user.is_traced = True
        self._is_running = True

    def collect(self, folder: Path) -> list[Path]:
        """Write a screenshot of every page, the trace, and a text file with addresses and the console.

        Returns the written files.
        """
        user, name = self.user, self.user.person.username
        written: list[Path] = []
        lines = [f"{name}, password {user.person.password}", ""]
        for number, page in enumerate(user.context.pages, start=1):
            lines.append(f"page {number}: {page.url}")
            screenshot = folder / f"{name}-page-{number}.png"
            try:
                page.screenshot(path=screenshot, full_page=True)
                written.append(screenshot)
            except Error as error:
                lines.append(f"  no screenshot: {error.message}")
        trace = folder / f"{name}-trace.zip"
        if self._is_running:
            self._is_running = False
            user.context.tracing.stop_chunk(path=trace)
            written.append(trace)
        lines += ["", "The browser's console:", *user.console]
        report = folder / f"{name}.txt"
        report.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [*written, report]

    def stop(self) -> None:
        """Discard the trace, unless it was collected."""
        if self._is_running:
            self._is_running = False
            self.user.context.tracing.stop_chunk()
