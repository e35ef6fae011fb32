"""Two kinds of plot as SVG, readable on a light and on a dark page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 400, 70, 50, 30, 50
KEY = 480
"""Where the names of lines begin: below them."""
COLOURS = ("#2f6fde", "#d9730d", "#0f8a5f", "#9250c8", "#c2334d", "#7a8290", "#b59410")
DASHES = ("none", "7 4", "2 4", "10 4 2 4")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.axis{stroke:#d0d7de}"
    ".page{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.axis{stroke:#444c56}.page{fill:#0d1117}}"
)


@dataclass(frozen=True)
class Line:
    """A line with a value at each x."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Bar:
    """A bar of parts with their sizes."""

    name: str
    parts: Sequence[tuple[str, float]]


def log_lines(title: str, xs: Sequence[float], lines: Sequence[Line]) -> str:
    """Lines over two logarithmic axes."""
    values = [value for line in lines for value in line.values]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(value / xs[0]) / math.log10(xs[-1] / xs[0])

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - low) / (high - low)

    parts = []
    for power in range(low, high + 1):
        height = y(10**power)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        parts.append(_text(LEFT - 8, height + 4, f"${10**power:g}", "end"))
    for value in xs:
        if math.log10(value).is_integer():
            parts.append(_text(x(value), HEIGHT - BOTTOM + 20, f"{value:,}", "middle"))
    for number, line in enumerate(lines):
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in zip(xs, line.values, strict=True))
        colour, dash = COLOURS[number], DASHES[number]
        stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dash}"'
        parts.append(f'<polyline fill="none" {stroke} points="{points}"/>')
        height = HEIGHT - BOTTOM - 15 - 20 * (len(lines) - 1 - number)
        parts.append(f'<line {stroke} x1="{KEY}" x2="{KEY + 35}" y1="{height}" y2="{height}"/>')
        parts.append(_text(KEY + 43, height + 4, line.name))
    return _svg(title, parts, HEIGHT)


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars of parts; each part is named below its bar, with its size."""
    longest = max(sum(size for _, size in row.parts) for row in rows)
    colours: dict[str, str] = {}
    parts, top = [], TOP + 10
    for row in rows:
        whole = sum(size for _, size in row.parts)
        parts.append(_text(20, top, f"{row.name}: ${whole:.3f}"))
        left, label_left = 20.0, 20.0
        for name, size in row.parts:
            colour = colours.setdefault(name, COLOURS[len(colours) % len(COLOURS)])
            width = (WIDTH - 40) * size / longest
            parts.append(
                f'<rect x="{left:.1f}" y="{top + 8}" width="{width:.1f}" height="24" fill="{colour}"><title>'
                f"{escape(name)}: ${size:.4f}</title></rect>"
            )
            parts.append(f'<rect x="{label_left:.1f}" y="{top + 41}" width="10" height="10" fill="{colour}"/>')
            label = f"{name} {size / whole * 100:.0f} %"
            parts.append(_text(label_left + 14, top + 51, label))
            left, label_left = left + width, label_left + 22 + 6.9 * len(label)
        top += 90
    return _svg(title, parts, top - 20)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, parts: Sequence[str], height: int) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">\n'
        f"<style>{STYLE}</style>\n"
        f'<rect class="page" width="{WIDTH}" height="{height}"/>\n'
        f"{_text(20, 28, title)}\n{body}\n</svg>\n"
    )
