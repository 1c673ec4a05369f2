"""The palette: every action by its name."""

from __future__ import annotations

from textual.command import CommandPalette, SearchIcon
from textual.widgets import Input


class Palette(CommandPalette):
    """Textual's palette, quiet while nothing is typed, and as wide as its words."""

    def on_mount(self) -> None:
        """Let the cursor stand still: each blink would be a frame on a slow link."""
        self.query_one(Input).cursor_blink = False
        self.query_one(SearchIcon).icon = "/"  # not every terminal's font has a lens
