"""A table of rows that loses nothing: in a terminal that is too narrow for it, each row is a list of its cells."""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

MIN_WRAPPED_WIDTH = 24
"""The width below which a column of sentences is hard to read."""
GAP = 2
MAX_WIDTH = 100_000


class RowTable(Table):
    """A table without borders. Text is shown as it is, without markup.

    In a pipe it is as wide as its content, so that each row is one line.
    """

    def __init__(self) -> None:
        super().__init__(box=None, pad_edge=False, header_style="bold")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render as a table if the width allows it, else as lists."""
        unlimited = options.update(width=sum(_widest(console, options, column) + GAP for column in self.columns))
        if not console.is_terminal:
            yield from super().__rich_console__(console, unlimited)
        elif self._needed_width(console, options) <= options.max_width:
            yield from super().__rich_console__(console, options)
        else:
            yield from self._lists()

    def _needed_width(self, console: Console, options: ConsoleOptions) -> int:
        needed = 0
        for column in self.columns:
            widest = _widest(console, options, column)
            needed += GAP + (widest if column.no_wrap else min(widest, MIN_WRAPPED_WIDTH))
        return needed - GAP

    def _lists(self) -> RenderResult:
        for number, cells in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            if number:
                yield Text()
            for column, cell in zip(self.columns, cells, strict=True):
                value = cell if isinstance(cell, Text) else Text(str(cell))
                if value.plain:
                    name = f"{column.header}: ".strip(": ")
                    yield Text.assemble((f"{name}: " if name else "", "dim"), value)


def _widest(console: Console, options: ConsoleOptions, column: Column) -> int:
    """The width of a column's widest cell, its header included."""
    unlimited = options.update(width=MAX_WIDTH)
    return max(Measurement.get(console, unlimited, cell).maximum for cell in (column.header, *column.cells))
