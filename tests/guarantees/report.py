"""The guarantees' report: each promise, what was tried how often, and the result, as a table and an HTML page."""

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
    1: "a message that is sent again is stored once, and both acks have the same messageId",
    2: "a client that reconnects gets every message, in order, none twice",
    3: "long connections: idle timeouts and the two-hour limit lose no message",
    4: "a user who was removed or signed out, or whose session expired, sends and receives nothing more",
    5: "two tabs of a user show the same, and the user stays online while one of them is open",
    6: "all members see one order, with wrong clocks and concurrent messages too, and nothing is overwritten",
    7: "a channel of 10,000 messages is read in pages, and one of 1,000 members delivers to all online members",
    8: "forged frames and ids of other channels are refused with a clear error, and no text is logged",
    9: "every text is stored unchanged, or refused with an error",
    10: "floods are rate limited, malformed events kept as dead letters, replays posted to no client",
}
RESULTS = {"passed": "held", "failed": "BROKEN", "skipped": "not tested"}


@dataclass
class Attempt:
    """One kind of attempt to break a promise, and how often it was made."""

    what: str
    times: int


@dataclass
class Record:
    """The result of one test of a promise."""

    promise: int
    attempts: list[Attempt] = field(default_factory=list)
    delivery_seconds: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outcome: str = "skipped"
    reason: str = ""

    @classmethod
    def restored(cls, fields: dict[str, Any]) -> Self:
        """A record from the fields that `dataclasses.asdict` returned in another process."""
        return cls(**{**fields, "attempts": [Attempt(**attempt) for attempt in fields["attempts"]]})

    def tried(self, what: str, times: int = 1) -> None:
        """Record an attempt after it was made."""
        for attempt in self.attempts:
            if attempt.what == what:
                attempt.times += times
                return
        self.attempts.append(Attempt(what, times))

    def note(self, text: str) -> None:
        """Add a note to the report, such as a seed."""
        self.notes.append(text)

    def delivered(self, seconds: Sequence[float]) -> None:
        """Add times from the send of a message to its display."""
        self.delivery_seconds += seconds


@dataclass
class Report:
    """The records of one pytest run."""

    stage: str = "local"
    records: list[Record] = field(default_factory=list)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """One (promise, attempt, times, result) for each attempt."""
        rows: list[tuple[str, str, str, str]] = []
        for number, promise in PROMISES.items():
            records = [record for record in self.records if record.promise == number]
            if not records:
                rows.append((f"{number}. {promise}", "-", "0", "not tested"))
            for record in records:
                result = RESULTS.get(record.outcome, record.outcome)
                if record.outcome == "skipped" and record.reason:
                    result = f"not tested: {record.reason}"
                for attempt in record.attempts or [Attempt("-", 0)]:
                    rows.append((f"{number}. {promise}", attempt.what, f"{attempt.times:,}", result))
        return rows

    def lines(self) -> list[str]:
        """The table as lines for a terminal."""
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
        """Write the HTML page, and return its path."""
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(self._page(), encoding="utf-8")
        return PAGE

    def _page(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("promise", "attempt", "times", "result"))
        body, before = "", ""
        for promise, what, times, result in self.rows():
            shown, before = ("" if promise == before else promise), promise
            kind = {"held": "held", "BROKEN": "broken"}.get(result, "untested")
            cells = f"<td>{html.escape(shown)}</td><td>{html.escape(what)}</td><td class=n>{times}</td>"
            body += f"<tr>{cells}<td class={kind}>{html.escape(result)}</td></tr>\n"
        plots = "".join(
            f"<h2>{record.promise}. {html.escape(PROMISES[record.promise])}</h2>{plot(record.delivery_seconds)}"
            for record in self.records
            if len(record.delivery_seconds) >= 2
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for record in self.records for note in record.notes)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Parley: the guarantees</title>"
            f"<style>{STYLE}</style><h1>Parley: the guarantees</h1>"
            f"<p>Stage {html.escape(self.stage)}, {now}.</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            "<h1>From send to display</h1><p>The share of deliveries that were displayed within a time. "
            f"The slow ones are those that injected faults delayed.</p>{plots}"
            f"<h1>Notes</h1><ul>{notes}</ul></html>\n"
        )


STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    ".n{text-align:right}.held{color:#176b3a}.broken{color:#b3261e;font-weight:700}"
    ".untested{color:#6b6f76}svg{max-width:100%}h2{font-size:1rem;margin:1.5rem 0 .3rem}"
)
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 200, 50, 30


def plot(seconds: Sequence[float]) -> str:
    """The share of deliveries by time, on a logarithmic axis, as inline SVG."""
    ordered = sorted(max(value, 0.001) for value in seconds)
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
