"""The mark bar: it takes the keys of mark mode and says which groups there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tuiview.text import printable
from tuiview.ui.actions import bindings

if TYPE_CHECKING:
    from tuiview.settings import Group
    from tuiview.ui.screens.desk import Desk


class MarkBar(Static, can_focus=True):
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
        words = [Content.styled(" MARK ", "bold reverse")]
        for number, group in enumerate(groups[:9], 1):
            words.append(
                Content.assemble((f"{number}", f"bold {group.color}"), f" {printable(group.name)}")
            )
        words.append(Content("s snap  ' peak  d delete  e label  M move  tab next  p list  m end"))
        super().__init__(Content("  ").join(words), id=id)
        self._desk = desk

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._desk.action_run(action_id)
