"""What was promised, what was tried, how often, and how it ended: a table for terminals, a page with plots."""

import html
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "artefacts" / "guarantees.html"

PROMISES = {
    1: "sent again after a cut: one message, the same id and ack both times",
    2: "back after an absence: every message, in order, none twice",
    3: "hours and idle minutes without a visible break",
    4: "removed, signed out or expired: nothing in or out, the socket closed",
    5: "two tabs, one killed: still online, the same in both",
    6: "wrong clocks, one millisecond: one order for everyone, nothing overwritten",
    7: "10,000 messages, 1,000 members: pages at once, everyone online served",
    8: "forged frames and foreign ids: refused with a clear error, never logged",
    9: "emoji, right-to-left, 200 KB: kept exactly, or a visible error",
    10: "floods, poisoned events, replays: slowed, kept for a redrive, unseen",
}
RESULTS = {"passed": "held", "failed": "BROKEN", "skipped": "not tried"}


@dataclass
class Attempt:
    """One thing that was tried, so many times."""

    what: str
    times: int


@dataclass
class Record:
    """One test of one promise."""

    promise: int
    attempts: list[Attempt] = field(default_factory=list)
    delivery_seconds: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outcome: str = "skipped"
    reason: str = ""

    @classmethod
    def restored(cls, fields: dict[str, Any]) -> Self:
        """A record that `dataclasses.asdict` took apart, for another process."""
        return cls(**{**fields, "attempts": [Attempt(**attempt) for attempt in fields["attempts"]]})

    def tried(self, what: str, times: int = 1) -> None:
        """Say what was tried, once it was."""
        for attempt in self.attempts:
            if attempt.what == what:
                attempt.times += times
                return
        self.attempts.append(Attempt(what, times))

    def note(self, text: str) -> None:
        """A figure worth keeping, or a seed."""
        self.notes.append(text)

    def delivered(self, seconds: Sequence[float]) -> None:
        """How long messages took from the send to a screen."""
        self.delivery_seconds += seconds


@dataclass
class Report:
    """Every record of a run."""

    stage: str = "local"
    records: list[Record] = field(default_factory=list)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(promise, tried, times, result), a line for each thing tried."""
        rows: list[tuple[str, str, str, str]] = []
        for number, promise in PROMISES.items():
            records = [record for record in self.records if record.promise == number]
            if not records:
                rows.append((f"{number}. {promise}", "-", "0", "not tried"))
            for record in records:
                result = RESULTS.get(record.outcome, record.outcome)
                if record.outcome == "skipped" and record.reason:
                    result = f"not tried: {record.reason}"
                for attempt in record.attempts or [Attempt("-", 0)]:
                    rows.append((f"{number}. {promise}", attempt.what, f"{attempt.times:,}", result))
        return rows

    def lines(self) -> list[str]:
        """The table, for a terminal."""
        lines: list[str] = []
        before = ""
        for promise, what, times, result in self.rows():
            if promise != before:
                lines.append(promise)
                before = promise
            lines.append(f"    {result:<10} {times:>8} x {what}")
        lines += [f"    {note}" for record in self.records for note in record.notes]
        return lines

    def write(self) -> Path:
        """The page."""
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(self._page(), encoding="utf-8")
        return PAGE

    def _page(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("promise", "tried", "times", "result"))
        body, before = "", ""
        for promise, what, times, result in self.rows():
            shown, before = ("" if promise == before else promise), promise
            kind = {"held": "held", "BROKEN": "broken"}.get(result, "untried")
            cells = f"<td>{html.escape(shown)}</td><td>{html.escape(what)}</td><td class=n>{times}</td>"
            body += f"<tr>{cells}<td class={kind}>{html.escape(result)}</td></tr>\n"
        plots = "".join(
            f"<h2>{record.promise}. {html.escape(PROMISES[record.promise])}</h2>{plot(record.delivery_seconds)}"
            for record in self.records
            if len(record.delivery_seconds) >= 2
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for record in self.records for note in record.notes)
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Parley: the guarantees</title>"
            f"<style>{STYLE}</style><h1>Parley: the guarantees</h1>"
            f"<p>Stage {html.escape(self.stage)}, {moment}.</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            "<h1>From the send to a screen</h1><p>The share of deliveries that were on a screen within a time. "
            f"Faults are in force, so the tail is what they cost.</p>{plots}"
            f"<h1>Notes</h1><ul>{notes}</ul></html>\n"
        )


STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    ".n{text-align:right}.held{color:#176b3a}.broken{color:#b3261e;font-weight:700}"
    ".untried{color:#6b6f76}svg{max-width:100%}h2{font-size:1rem;margin:1.5rem 0 .3rem}"
)
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 200, 50, 30


def plot(seconds: Sequence[float]) -> str:
    """The share of deliveries by time, on a logarithmic axis, as inline SVG."""
    ordered = sorted(max(each, 0.001) for each in seconds)
    low = math.floor(math.log10(ordered[0]))
    high = max(math.ceil(math.log10(ordered[-1])), low + 1)

    def x(value: float) -> float:
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - 10)

    def y(share: float) -> float:
        return 10 + (1 - share) * (HEIGHT - BOTTOM - 10)

    step = max(1, len(ordered) // 400)
    points = " ".join(
        f"{x(value):.1f},{y((number + 1) / len(ordered)):.1f}"
        for number, value in enumerate(ordered)
        if number % step == 0 or number == len(ordered) - 1
    )
    parts = [f'<polyline points="{points}" fill="none" stroke="#2457a6" stroke-width="2"/>']
    for exponent in range(low, high + 1):
        at = x(10**exponent)
        label = f"{10**exponent:g} s" if exponent >= 0 else f"{10 ** (exponent + 3):g} ms"
        parts.append(f'<line x1="{at:.1f}" y1="10" x2="{at:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - 10}" font-size="11" text-anchor="middle">{label}</text>')
    for share in (0.0, 0.5, 0.95, 1.0):
        at = y(share)
        parts.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - 10}" y2="{at:.1f}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 5}" y="{at + 4:.1f}" font-size="11" text-anchor="end">{share:.0%}</text>')
    median = statistics.median(ordered)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    figures = f"{len(ordered):,} deliveries; half within {median * 1000:,.0f} ms, 95 % within {p95 * 1000:,.0f} ms"
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" aria-label="{figures}">'
    return f"{svg}{''.join(parts)}</svg><p>{figures}, the slowest {ordered[-1]:.2f} s.</p>"
