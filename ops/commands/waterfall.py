"""Draw a trace as a table with a bar per segment."""

from rich.table import Table
from rich.text import Text

from ops.commands import output
from ops.models import Segment, Trace

BAR = 44
MAX_NAME_LENGTH = 42
HASH_LENGTH = 8


def draw(trace: Trace) -> Table:
    """One trace as a table whose last column shows when each segment ran."""
    length = output.milliseconds(trace.duration_ms)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("segment", no_wrap=True)
    for name in ("start", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    # In a narrow terminal the bars lose their end.
    table.add_column(f"0 … {length}", no_wrap=True, overflow="crop")
    for segment in trace.segments:
        _draw(table, segment, max(trace.duration_ms, 0.001), 0)
    return table


def _draw(table: Table, segment: Segment, total_ms: float, depth: int) -> None:
    duration_ms = segment.duration_ms or 0.0
    before = round(BAR * segment.offset_ms / total_ms)
    bar = max(1, round(BAR * duration_ms / total_ms))
    name = "  " * depth + short_name(segment)
    usual = "cyan" if segment.kind == "subsegment" else "bold blue"
    trouble = "yellow" if segment.caught else "red" if segment.failed else ""
    table.add_row(
        Text(name[:MAX_NAME_LENGTH], style=trouble),
        f"{segment.offset_ms:.1f}",
        f"{duration_ms:.1f}",
        Text(" " * before + "█" * min(bar, BAR - before + 1), style=trouble or usual),
    )
    for child in segment.children:
        _draw(table, child, total_ms, depth + 1)


def short_name(segment: Segment) -> str:
    """A segment's name without the prefix and hash that CloudFormation adds."""
    parts = segment.name.split("-")
    if segment.origin and len(parts) > 3 and parts[0] == "Parley":
        word = parts[3]
        suffix = word[-HASH_LENGTH:]
        is_hashed = len(word) > HASH_LENGTH and set(suffix) <= set("0123456789ABCDEF")
        return word[:-HASH_LENGTH] if is_hashed else word
    return segment.name.removeprefix("## ")
