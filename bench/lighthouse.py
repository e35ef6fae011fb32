"""Lighthouse on the built app, through the front door: `python -m bench.lighthouse`, with a local stage running.

It measures the sign-in page, and the chat in a Chromium that has signed in. The figures depend on the machine, so
they are printed and saved, and no test asserts them.
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

from bench.runs import run_program, save, stage_to_measure
from local.ports import free_port
from tests.browser import chromium
from tests.browser.browser_user import sign_in
from tests.local_stage import TestStage

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
MAX_ATTEMPTS = 4
CATEGORIES = ("performance", "accessibility", "best-practices")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One page's scores (of 100), its load times, and the audits that it failed."""

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
    failed_audits: tuple[str, ...]


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
) -> None:
    """Measure the sign-in page and the chat, on Lighthouse's simulated phone and on a desktop."""
    stage = TestStage(stage_to_measure(state_dir), state_dir)
    install()
    scores = measure(stage)
    save("lighthouse", [asdict(score) for score in scores])
    show(scores)


def install() -> None:
    """Install Lighthouse as bench/package-lock.json pins it, unless it is installed."""
    if not PROGRAM.exists():
        print("Installing Lighthouse", file=sys.stderr)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)


def measure(stage: TestStage) -> list[Score]:
    """Measure each page in each form factor, in one Chromium with its own profile."""
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
        user = stage.new_user("lighthouse")
        # This tab stays open, because a new tab gets the session from one that is signed in.
        page = context.new_page()
        sign_in(page, stage.url, user)
        for form in ("mobile", "desktop"):
            scores.append(_chat_score(form, f"{stage.url}/c/general", port))
        context.close()
    return scores


def _chat_score(form: str, url: str, port: int) -> Score:
    """Repeat the measurement when the new tab got no session from the open one, and showed the sign-in page."""
    for _ in range(MAX_ATTEMPTS):
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
    completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, env=environment)
    if completed.returncode != 0:
        raise RuntimeError(f"Lighthouse failed on {url}:\n{completed.stderr}")
    report: dict[str, Any] = json.loads(completed.stdout)
    audits = report["audits"]

    def number(audit: str) -> float:
        return float(audits[audit]["numericValue"])

    def scored(category: str) -> int:
        return round(100 * float(report["categories"][category]["score"]))

    failed_audits = [
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
        failed_audits=tuple(failed_audits),
    )


def show(scores: list[Score]) -> None:
    """Print the scores as a table, and the failed audits."""
    table = Table(title="Lighthouse, of 100")
    for column in ("page", "as", "performance", "accessibility", "best practices", "FCP", "LCP", "TBT", "CLS"):
        table.add_column(column, justify="left" if column in {"page", "as"} else "right")
    for score in scores:
        table.add_row(
            score.page,
            score.form,
            str(score.performance),
            str(score.accessibility),
            str(score.best_practices),
            f"{score.first_contentful_paint_ms} ms",
            f"{score.largest_contentful_paint_ms} ms",
            f"{score.total_blocking_time_ms} ms",
            f"{score.layout_shift:g}",
        )
    console = Console()
    console.print(table)
    for score in scores:
        if score.failed_audits:
            console.print(f"{score.page}, {score.form}: failed {', '.join(score.failed_audits)}")


if __name__ == "__main__":
    run_program(main)
