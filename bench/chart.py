"""Draws a line chart with logarithmic axes as SVG, without a library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 900, 380
LEFT, RIGHT, TOP, BOTTOM = 80, 345, 40, 50
COLOURS = ("#1864ab", "#d9480f", "#2b8a3e", "#862e9c", "#5f3dc4", "#c2255c")


@dataclass(frozen=True)
class Line:
    """A series of points (x, y), all greater than 0."""

    name: str
    points: Sequence[tuple[float, float]]
    is_dashed: bool = False


def line_chart(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> str:
    """The SVG of a chart."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_range, y_range = _decades(xs), _decades(ys)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + width * (math.log10(x) - x_range[0]) / (x_range[1] - x_range[0]),
            TOP + height * (1 - (math.log10(y) - y_range[0]) / (y_range[1] - y_range[0])),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for power in range(x_range[0], x_range[1] + 1):
        x, y = at(10**power, 10 ** y_range[0])
        parts.append(f'<path d="M{x:.1f} {TOP}V{y:.1f}" stroke="#dee2e6"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{10.0**power:,g}</text>')
    for power in range(y_range[0], y_range[1] + 1):
        x, y = at(10 ** x_range[0], 10**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{LEFT + width}" stroke="#dee2e6"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    middle = LEFT + width / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>')
    turned = f"translate(16 {TOP + height / 2}) rotate(-90)"
    parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(y_name)}</text>')
    for number, line in enumerate(lines):
        colour = COLOURS[number // 2 % len(COLOURS)]
        dashes = ' stroke-dasharray="5 4"' if line.is_dashed else ""
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in line.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        y = TOP + 14 + 20 * number
        x = LEFT + width + 16
        parts.append(f'<path d="M{x} {y - 4}h28" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts.append(f'<text x="{x + 36}" y="{y}">{escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
