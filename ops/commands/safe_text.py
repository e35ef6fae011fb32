"""Keep control characters, which users may have sent, away from the operator's terminal.

They could move the cursor, change the title, or show text in another order than it has. In JSON they are escaped,
so that its values are not changed.
"""

import re
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment

REPLACEMENT = "\ufffd"
# C0 except tab and line feed, DEL, C1; and the marks, overrides and isolates of bidirectional text.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class _Safe:
    """A renderable whose text has no control characters."""

    renderable: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(CONTROLS.sub(REPLACEMENT, segment.text), segment.style)


class SafeText(RenderHook):
    """Replaces the control characters in everything that a console prints."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """What the console calls before it prints."""
        return [_Safe(renderable) for renderable in renderables]


def escaped(encoded: str) -> str:
    """JSON with its control characters escaped. Those of ASCII are escaped already, except DEL."""
    return CONTROLS.sub(lambda character: f"\\u{ord(character[0]):04x}", encoded)
