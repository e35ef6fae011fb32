"""Measures the chat in Chromium: `python -m bench.browser`, with a local stage running.

It measures the first load, opening and scrolling a channel of 10,000 messages, and memory after 1,000 live
messages. Times are those of the browser's own clock.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.sync_api import Browser, CDPSession, expect, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.runs import run_program, save, stage_to_measure
from tests.browser import chromium
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, open_signed_in
from tests.browser.seeding import seed
from tests.local_stage import TestStage

LONG_CHANNEL_MESSAGES = 10_000
LIVE_MESSAGES = 1_000
REPEATS = 5
# Each sender stays within a member's rate limit.
SENDERS = 25

WATCH_LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => Math.round(entry.duration))))
    .observe({type: "longtask", buffered: true});
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The results of one run."""

    first_load_js_kb: float
    first_load_css_kb: float
    usable_ms: int
    """From the request of the page to a usable composer, signed in, nothing cached."""
    usable_again_ms: int
    """The same with the assets in the browser's cache."""
    open_10k_ms: int
    """From the click on its link to the newest message on screen."""
    scrolled: int
    scroll_long_tasks: int
    scroll_longest_task_ms: int
    scroll_frame_p95_ms: float
    heap_before_mb: float
    heap_after_live_mb: float
    rows_in_page: int


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
) -> None:
    """Measure, print a table, and save the figures to bench/results/browser.json."""
    stage = TestStage(stage_to_measure(state_dir), state_dir)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.installed(), args=[*chromium.arguments(), "--enable-precise-memory-info"]
        )
        figures = measure(stage, browser)
        browser.close()
    save("browser", asdict(figures))
    show(figures)


def measure(stage: TestStage, browser: Browser) -> Figures:
    """Make all measurements as one new user."""
    dora = open_signed_in(browser, stage, stage.new_user("dora"), viewport={"width": 1280, "height": 900})
    scripts, styles, usable, again = _first_load(dora)
    with _senders(stage) as senders:
        long = dora.new_channel("ten thousand", senders[0].user_id)
        seed(stage, long, LONG_CHANNEL_MESSAGES, senders=[(dora.user_id, "Dora"), (senders[0].user_id, "Bench")])
        dora.request("PUT", f"/channels/{long}/read-marker", {"seq": LONG_CHANNEL_MESSAGES})
        opened = statistics.median(_open_long(dora) for _ in range(REPEATS))
        scrolled, tasks, frames = _scroll(dora)
        live = dora.new_channel("live", *(sender.user_id for sender in senders))
        dora.open_channel(live)
        devtools = dora.context.new_cdp_session(dora.page)
        before = _heap_mb(devtools)
        _send_live(dora, senders, live)
        after = _heap_mb(devtools)
        rows = dora.log.get_by_role("article").count()
    dora.close()
    return Figures(
        first_load_js_kb=scripts,
        first_load_css_kb=styles,
        usable_ms=usable,
        usable_again_ms=again,
        open_10k_ms=round(opened),
        scrolled=scrolled,
        scroll_long_tasks=len(tasks),
        scroll_longest_task_ms=max(tasks, default=0),
        scroll_frame_p95_ms=frames,
        heap_before_mb=before,
        heap_after_live_mb=after,
        rows_in_page=rows,
    )


# --- first load


def _first_load(dora: BrowserUser) -> tuple[float, float, int, int]:
    """Gzipped kB of scripts and styles that load before the composer, and the median times until it is usable."""
    devtools = dora.context.new_cdp_session(dora.page)
    devtools.send("Network.enable")
    times = []
    for _ in range(REPEATS):
        devtools.send("Network.clearBrowserCache")
        times.append(_usable_ms(dora))
    sizes: dict[str, float] = dora.page.evaluate(
        """() => Object.fromEntries(["js", "css"].map(kind => [kind, performance.getEntriesByType("resource")
            .filter(entry => entry.name.split("?")[0].endsWith("." + kind) && entry.startTime < window.usableAt)
            .reduce((sum, entry) => sum + entry.encodedBodySize, 0) / 1000]))"""
    )
    again = [_usable_ms(dora) for _ in range(REPEATS)]
    return (
        round(sizes["js"], 1),
        round(sizes["css"], 1),
        round(statistics.median(times)),
        round(statistics.median(again)),
    )


def _usable_ms(dora: BrowserUser) -> float:
    dora.page.goto(f"{dora.stage.url}/c/general", wait_until="commit")
    usable_at = """() => new Promise(resolve => {
        const look = () => {
            const ready = document.querySelector("textarea") && document.querySelector("[role=log]");
            if (!ready) return requestAnimationFrame(look);
            window.usableAt = performance.now();
            resolve(window.usableAt);
        };
        look();
    })"""
    return float(dora.page.evaluate(usable_at))


# --- a long channel


def _open_long(dora: BrowserUser) -> float:
    """Milliseconds from the click to the newest message, measured in the page, before any message is loaded."""
    dora.open_channel("general")
    dora.page.wait_for_load_state("networkidle")
    link = dora.channel_link("ten thousand")
    expect(link).to_be_visible()
    return float(
        link.evaluate(
            """(link, seq) => new Promise(resolve => {
                const began = performance.now();
                link.click();
                const look = () => {
                    const newest = document.querySelector(`[data-seq="${seq}"]`)?.getBoundingClientRect();
                    if (newest && newest.bottom <= innerHeight) resolve(performance.now() - began);
                    else requestAnimationFrame(look);
                };
                look();
            })""",
            LONG_CHANNEL_MESSAGES,
        )
    )


def _scroll(dora: BrowserUser) -> tuple[int, list[int], float]:
    """Scroll up a thousand messages: (messages scrolled, long tasks in ms, 95th percentile of a frame in ms)."""
    page = dora.page
    page.evaluate(WATCH_LONG_TASKS)
    page.evaluate("() => { longTasks.length = 0; }")
    page.evaluate(
        """() => {
            window.frames_ = [];
            let before = performance.now();
            const tick = now => {
                frames_.push(now - before);
                before = now;
                window.ticking = requestAnimationFrame(tick);
            };
            window.ticking = requestAnimationFrame(tick);
        }"""
    )
    dora.log.hover()
    deadline = time.monotonic() + 60
    oldest = LONG_CHANNEL_MESSAGES
    while oldest > LONG_CHANNEL_MESSAGES - 1_000 and time.monotonic() < deadline:
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(16)
        oldest = int(page.evaluate("Number(document.querySelector('[role=log] article').dataset.seq)"))
    page.evaluate("cancelAnimationFrame(window.ticking)")
    frames: list[float] = page.evaluate("frames_")
    tasks: list[int] = page.evaluate("longTasks")
    return LONG_CHANNEL_MESSAGES - oldest, tasks, round(statistics.quantiles(frames, n=20)[-1], 1)


# --- memory


@contextmanager
def _senders(stage: TestStage) -> Iterator[list[ApiUser]]:
    senders = [ApiUser.open(stage, stage.new_user("bench")) for _ in range(SENDERS)]
    try:
        yield senders
    finally:
        for sender in senders:
            sender.close()


def _send_live(dora: BrowserUser, senders: list[ApiUser], channel_id: str) -> None:
    """Send a thousand messages from several users in turn, each within their rate limit."""
    for number in range(LIVE_MESSAGES):
        sender = senders[number % len(senders)]
        text = f"Live message {number}: of usual length, a sentence or two, no more."
        sender.send_message(channel_id, text)
        if number % 50 == 49:
            dora.page.wait_for_timeout(1)
    expect(dora.message(f"Live message {LIVE_MESSAGES - 1}:")).to_be_visible(timeout=60_000)


def _heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = devtools.send("Runtime.getHeapUsage")
    return round(float(usage["usedSize"]) / 1e6, 1)


def show(figures: Figures) -> None:
    """Print the figures as a table."""
    table = Table(title="The chat in Chromium", show_header=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    rows = (
        ("First load, JavaScript, gzipped", f"{figures.first_load_js_kb} kB"),
        ("First load, CSS, gzipped", f"{figures.first_load_css_kb} kB"),
        ("Time to usable, signed in, nothing cached", f"{figures.usable_ms} ms"),
        ("Time to usable, assets cached", f"{figures.usable_again_ms} ms"),
        ("Opening a channel of 10,000 messages", f"{figures.open_10k_ms} ms"),
        (f"Scrolling {figures.scrolled} messages back: tasks over 50 ms", str(figures.scroll_long_tasks)),
        ("… the longest of them", f"{figures.scroll_longest_task_ms} ms"),
        ("… 95th percentile of a frame", f"{figures.scroll_frame_p95_ms} ms"),
        ("JavaScript heap before live messages", f"{figures.heap_before_mb} MB"),
        ("… after 1,000 live messages", f"{figures.heap_after_live_mb} MB"),
        ("… rows of them in the page", str(figures.rows_in_page)),
    )
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    run_program(main)
