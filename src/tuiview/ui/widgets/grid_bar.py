"""The grid bar: it takes the keys that move over a grid, and says what it is a grid of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tuiview.ui.actions import bindings
from tuiview.ui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from tuiview.session.grid import Grid

_KEYS = {
    "items": "hjkl move  + - size  1-9 category  w one display  enter open  ctrl+o frames  o leave",
    "frames": "h l frame  j k item  + - size  t v c display  ctrl+o leave",
}


class GridBar(ModeBar):
    """It has the focus exactly while a grid is shown."""

    BINDINGS = bindings("grid")

    def say(self, grid: Grid) -> None:
        """Show what the grid is of."""
        if grid.of is not None:
            mode = Content.styled(f" GRID of {grid.of} ", "bold reverse")
            columns = Content(f"up to {grid.columns} across")
            self.update(Content("  ").join([mode, columns, Content(_KEYS[grid.of])]))
