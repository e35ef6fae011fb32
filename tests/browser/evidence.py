"""What a failed browser test leaves: each page as a picture, its address, the console, and a Playwright trace.

A trace is opened with `playwright show-trace FILE`, or dropped onto https://trace.playwright.dev.
"""

from pathlib import Path

from playwright.sync_api import Error

from tests.browser.visitors import Visitor


class Recording:
    """What one visitor's browser does in one test. Thrown away unless `collect` is called before `stop`."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        tracing = visitor.context.tracing
        # A context that stays for several tests is traced once, a chunk for each test.
        if visitor.traced:
            tracing.start_chunk()
        else:
            tracing.start(snapshots=True)
            visitor.traced = True
        self._running = True

    def collect(self, folder: Path) -> list[Path]:
        """Write what the visitor's browser shows and what it reported. Returns the files written."""
        visitor, name = self.visitor, self.visitor.person.username
        written: list[Path] = []
        lines = [f"{name}, password {visitor.person.password}", ""]
        for number, page in enumerate(visitor.context.pages, start=1):
            lines.append(f"page {number}: {page.url}")
            picture = folder / f"{name}-page-{number}.png"
            try:
                page.screenshot(path=picture, full_page=True)
                written.append(picture)
            except Error as problem:
                lines.append(f"  no picture: {problem.message}")
        trace = folder / f"{name}-trace.zip"
        if self._running:
            self._running = False
            visitor.context.tracing.stop_chunk(path=trace)
            written.append(trace)
        lines += ["", "The browser's console:", *visitor.console]
        report = folder / f"{name}.txt"
        report.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [*written, report]

    def stop(self) -> None:
        """Throw away what was recorded and not collected."""
        if self._running:
            self._running = False
            self.visitor.context.tracing.stop_chunk()
