"""A trace drawn with characters: a bar for each segment, where it lies in the whole."""

from rich.table import Table
from rich.text import Text

from ops.commands import output
from ops.follow.traces import Segment, Trace

BAR = 44
SHORT = 42
HASH = 8


def draw(trace: Trace) -> Table:
    """One trace as a table whose last column is time."""
    length = output.milliseconds((trace.end - trace.start) * 1000)
    drawn = output.table("segment", "start", "time", f"0 … {length}", right=("start", "time"))
    total = max(trace.end - trace.start, 1e-6)
    for root in trace.roots:
        _draw(drawn, root, trace.start, total, 0)
    return drawn


def _draw(table: Table, segment: Segment, start: float, total: float, depth: int) -> None:
    offset = segment.start - start
    length = (segment.end or segment.start) - segment.start
    before = round(BAR * offset / total)
    bar = max(1, round(BAR * length / total))
    name = "  " * depth + short_name(segment)
    usual = "cyan" if segment.is_subsegment else "bold blue"
    trouble = "yellow" if segment.caught else "red" if segment.failed else ""
    table.add_row(
        Text(name[:SHORT], style=trouble),
        f"{offset * 1000:.1f}",
        f"{length * 1000:.1f}",
        Text(" " * before + "█" * min(bar, BAR - before + 1), style=trouble or usual),
    )
    for child in segment.children:
        _draw(table, child, start, total, depth + 1)


def short_name(segment: Segment) -> str:
    """A segment's name without what CloudFormation puts around it."""
    parts = segment.name.split("-")
    if segment.origin and len(parts) > 3 and parts[0] == "Parley":
        word = parts[3]
        is_hashed = len(word) > HASH and all(character in "0123456789ABCDEF" for character in word[-HASH:])
        return word[:-HASH] if is_hashed else word
    return segment.name.removeprefix("## ")
