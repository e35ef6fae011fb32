"""Lighthouse on the built app, through the front door: `python -m bench.lighthouse`, with a local stage running.

The sign-in page as a stranger meets it, and the chat as somebody signed in does: Lighthouse drives a Chromium
that has signed in already. Printed and kept, never asserted: the figures are the machine's too.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from bench.runs import keep, stage_to_measure
from local.ports import free_port
from tests.browser import chromium
from tests.browser.visitors import sign_in
from tests.local_stage import TestStage

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
ATTEMPTS = 4
CATEGORIES = ("performance", "accessibility", "best-practices")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One page's scores of 100, its load in numbers, and what fell short."""

    page: str
    address: str
    form: str
    performance: int
    accessibility: int
    best_practices: int
    first_contentful_paint_ms: int
    largest_contentful_paint_ms: int
    total_blocking_time_ms: int
    layout_shift: float
    short: tuple[str, ...]


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
) -> None:
    """Measure the sign-in page and the chat, on a phone as Lighthouse imagines it, and on a desktop."""
    stage = TestStage(stage_to_measure(state_dir), state_dir)
    install()
    scores = measure(stage)
    keep("lighthouse", [asdict(each) for each in scores])
    show(scores)


def install() -> None:
    """Lighthouse itself, as bench/package-lock.json pins it, the first time that it is wanted."""
    if not PROGRAM.exists():
        print("Installing Lighthouse", file=sys.stderr)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)


def measure(stage: TestStage) -> list[Score]:
    """Each page in each form, in one Chromium with a profile of its own."""
    port = free_port()
    scores: list[Score] = []
    with TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium.installed(),
            args=[*chromium.arguments(), f"--remote-debugging-port={port}"],
        )
        for form in ("mobile", "desktop"):
            scores.append(_score("sign-in", form, stage.url, port))
        person = stage.new_user("lighthouse")
        # Stays open: a new tab is let in by one that is signed in.
        page = context.new_page()
        sign_in(page, stage.url, person)
        for form in ("mobile", "desktop"):
            scores.append(_chat_score(form, f"{stage.url}/c/general", port))
        context.close()
    return scores


def _chat_score(form: str, url: str, port: int) -> Score:
    """Again where the open tab did not let the new one in, which then measured the sign-in page."""
    for _ in range(ATTEMPTS):
        score = _score("chat", form, url, port)
        if score.address == url:
            return score
    raise RuntimeError(f"Lighthouse was sent to {score.address} instead of the chat.")


def _score(page: str, form: str, url: str, port: int) -> Score:
    command = [
        "node",
        str(PROGRAM),
        url,
        f"--port={port}",
        "--output=json",
        "--quiet",
        "--disable-storage-reset",
        f"--only-categories={','.join(CATEGORIES)}",
        *(["--preset=desktop"] if form == "desktop" else []),
    ]
    environment = os.environ | {"CHROME_PATH": chromium.installed() or ""}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"Lighthouse failed on {url}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    audits = report["audits"]

    def number(audit: str) -> float:
        return float(audits[audit]["numericValue"])

    def scored(category: str) -> int:
        return round(100 * float(report["categories"][category]["score"]))

    short = [
        f"{reference['id']} ({audits[reference['id']]['score']})"
        for category in CATEGORIES
        for reference in report["categories"][category]["auditRefs"]
        if reference["weight"] and (audits[reference["id"]]["score"] or 0) < 0.9
        and audits[reference["id"]]["scoreDisplayMode"] in {"binary", "numeric"}
    ]  # fmt: skip
    return Score(
        page=page,
        address=report["finalDisplayedUrl"],
        form=form,
        performance=scored("performance"),
        accessibility=scored("accessibility"),
        best_practices=scored("best-practices"),
        first_contentful_paint_ms=round(number("first-contentful-paint")),
        largest_contentful_paint_ms=round(number("largest-contentful-paint")),
        total_blocking_time_ms=round(number("total-blocking-time")),
        layout_shift=round(number("cumulative-layout-shift"), 3),
        short=tuple(short),
    )


def show(scores: list[Score]) -> None:
    """A table for people."""
    table = Table(title="Lighthouse, of 100")
    for column in ("page", "as", "performance", "accessibility", "best practices", "FCP", "LCP", "TBT", "CLS"):
        table.add_column(column, justify="left" if column in {"page", "as"} else "right")
    for each in scores:
        table.add_row(
            each.page,
            each.form,
            str(each.performance),
            str(each.accessibility),
            str(each.best_practices),
            f"{each.first_contentful_paint_ms} ms",
            f"{each.largest_contentful_paint_ms} ms",
            f"{each.total_blocking_time_ms} ms",
            f"{each.layout_shift:g}",
        )
    console = Console()
    console.print(table)
    for each in scores:
        if each.short:
            console.print(f"{each.page}, {each.form}: short in {', '.join(each.short)}")


if __name__ == "__main__":
    typer.run(main)
