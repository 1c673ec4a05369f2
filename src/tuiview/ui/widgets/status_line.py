"""The status line: where one is, what was said, whether it is saved, how it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tuiview.text import printable

Part = tuple[str, Style]


class StatusLine(Widget):
    """One line of parts. Where not all fit, those on the right go that matter least: dim and plain
    ones; then those on the left are cut.

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
        base, width = self.visual_style.rich_style, self.size.width
        left = Strip(_segments(self._left, base))
        right = _fitting(self._right, width - left.cell_length)
        strip = Strip(_segments(right, base))
        room = max(0, width - strip.cell_length)
        if left.cell_length > room:
            left = Strip([*left.crop(0, max(0, room - 2)), Segment("… ", base)])
        return Strip([*left.adjust_cell_length(room, base), *strip]).adjust_cell_length(width, base)


def _fitting(parts: Sequence[Part], room: int) -> list[Part]:
    """The parts that fit: first the dim ones go, then the plain ones; others always stay."""
    kept = list(parts)
    for gone in (_is_dim, _is_plain):
        if sum(cell_len(printable(text)) + 1 for text, _ in kept) > room:
            kept = [part for part in kept if not gone(part[1])]
    return kept


def _is_dim(style: Style) -> bool:
    return bool(style.dim)


def _is_plain(style: Style) -> bool:
    return not style


def _segments(parts: Sequence[Part], base: Style) -> list[Segment]:
    segments = []
    for text, style in parts:
        segments.append(Segment(printable(text), base + style))
        segments.append(Segment(" ", base))
    return segments
