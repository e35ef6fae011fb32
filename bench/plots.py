"""Line charts as SVG files, without a library: two axes, some ticks, a line for each design."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 40, 48
COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed")
TICKS = 5

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """A chart: its axes begin at 0."""

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Points]


def svg(chart: Chart) -> str:
    """The chart as the text of an SVG file. Lines without points are left out."""
    lines = {name: points for name, points in chart.lines.items() if points}
    top_x = max((x for points in lines.values() for x, _ in points), default=0) or 1
    top_y = max((y for points in lines.values() for _, y in points), default=0) or 1

    def place(x: float, y: float) -> str:
        across = LEFT + x / top_x * (WIDTH - LEFT - RIGHT)
        down = HEIGHT - BOTTOM - y / top_y * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f},{down:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(chart.title, WIDTH / 2, 20, size=14),
        text(chart.x_label, WIDTH / 2, HEIGHT - 10),
        text(chart.y_label, 14, HEIGHT / 2, rotate=True),
    ]
    for number in range(TICKS + 1):
        x, y = top_x * number / TICKS, top_y * number / TICKS
        across, down = place(x, y).split(",")
        parts.append(f'<path d="M{LEFT},{down}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(text(f"{x:.4g}", float(across), HEIGHT - BOTTOM + 16))
        parts.append(text(f"{y:.4g}", LEFT - 6, float(down) + 4, anchor="end"))
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            across, down = place(x, y).split(",")
            parts.append(f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"/>')
        parts.append(text(name, LEFT + 10 + 130 * number, TOP - 6, anchor="start", fill=colour))
    return "\n".join([*parts, "</svg>\n"])


def text(
    content: str,
    x: float,
    y: float,
    *,
    size: int = 12,
    anchor: str = "middle",
    fill: str = "#111827",
    rotate: bool = False,
) -> str:
    """A text element; `rotate` turns it upwards."""
    turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if rotate else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{turned}>'
        f"{html.escape(content)}</text>"
    )
