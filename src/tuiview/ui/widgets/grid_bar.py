"""The grid bar: it takes the keys that move over a grid, and says what it is a grid of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tuiview.ui.actions import bindings

if TYPE_CHECKING:
    from tuiview.session.grid import Grid
    from tuiview.ui.screens.desk import Desk

_KEYS = {
    "items": "hjkl move  + - size  1-9 category  w one display  enter open  ctrl+o frames  o leave",
    "frames": "h l frame  j k item  + - size  t v c display  ctrl+o leave",
}


class GridBar(Static, can_focus=True):
    """One line at the foot of the screen; it has the focus exactly while a grid is shown.

    Args:
        desk: The screen whose actions the keys call.
    """

    BINDINGS = bindings("grid")

    DEFAULT_CSS = """
    GridBar { height: 1; width: 1fr; background: $boost; display: none; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._desk = desk

    def say(self, grid: Grid) -> None:
        """Show what the grid is of."""
        if grid.of is not None:
            mode = Content.styled(f" GRID of {grid.of} ", "bold reverse")
            columns = Content(f"up to {grid.columns} across")
            self.update(Content("  ").join([mode, columns, Content(_KEYS[grid.of])]))

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._desk.action_run(action_id)
