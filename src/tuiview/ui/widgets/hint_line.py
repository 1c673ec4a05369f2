"""The hint line: keys that one may want now, as many as fit whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

_BETWEEN = "  "


class HintLine(Widget):
    """One line of hints; one that does not fit is left out, and so are those behind it.

    Args:
        hints: The hints, the most important first.
    """

    DEFAULT_CSS = "HintLine { height: 1; }"

    def __init__(self, hints: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._hints = hints

    def render_line(self, y: int) -> Strip:
        """The line."""
        width = self.size.width
        line = ""
        for hint in self._hints:
            longer = f"{line}{_BETWEEN}{hint}" if line else hint
            if cell_len(longer) > width:
                break
            line = longer
        style = self.visual_style.rich_style
        return Strip([Segment(line, style)]).adjust_cell_length(width, style)
