"""The status line: where one is, what was said, whether it is saved, how it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tuiview.text import printable

Part = tuple[str, Style]


class StatusLine(Widget):
    """One line of parts: those on the left are cut, those on the right stay whole.

    It repaints itself alone, so that a key costs one line and not a screen.
    """

    COMPONENT_CLASSES = {"status-line--alert"}

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $panel; color: $foreground; }
    StatusLine .status-line--alert { background: $error; color: $text; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: Sequence[Part] = ()
        self._right: Sequence[Part] = ()

    def show(self, left: Sequence[Part], right: Sequence[Part]) -> None:
        """Show these parts; repaints only if they differ from what is shown."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line as segments."""
        base = self.rich_style
        right = Strip(_segments(self._right, base))
        room = max(0, self.size.width - right.cell_length)
        left = Strip(_segments(self._left, base)).adjust_cell_length(room, base)
        return Strip([*left, *right]).adjust_cell_length(self.size.width, base)


def _segments(parts: Sequence[Part], base: Style) -> list[Segment]:
    segments = []
    for text, style in parts:
        segments.append(Segment(printable(text), base + style))
        segments.append(Segment(" ", base))
    return segments
