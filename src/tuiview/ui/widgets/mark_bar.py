"""The mark bar: it takes the keys of mark mode and says which groups there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tuiview.text import printable
from tuiview.ui.actions import bindings

if TYPE_CHECKING:
    from tuiview.settings import Group
    from tuiview.ui.screens.desk import Desk


_HINTS = ("s snap", "' peak", "d delete", "e label", "M move", "tab next", "p list")


class MarkBar(Widget, can_focus=True):
    """One line at the foot of the screen; it has the focus exactly while mark mode is on.

    Args:
        groups: The groups in the order of their keys.
        desk: The screen whose actions the keys call.
    """

    BINDINGS = bindings("mark")

    DEFAULT_CSS = """
    MarkBar { height: 1; width: 1fr; background: $boost; display: none; }
    """

    def __init__(self, groups: Sequence[Group], desk: Desk, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._desk = desk
        words = [Content.styled(" MARK ", "bold reverse"), Content("m leave")]
        for number, group in enumerate(groups[:9], 1):
            words.append(
                Content.assemble((f"{number}", f"bold {group.color}"), f" {printable(group.name)}")
            )
        self._words = [*words, *map(Content, _HINTS)]

    def render(self) -> Content:
        """As many hints as fit whole; how to leave is never cut off."""
        line = self._words[0]
        for hint in self._words[1:]:
            longer = Content("  ").join([line, hint])
            if longer.cell_length > self.size.width:
                break
            line = longer
        return line

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._desk.action_run(action_id)
