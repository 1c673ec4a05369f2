"""The examine bar: it takes one letter after another and says what each measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from tuiview.ui.actions import ACTIONS, bindings

if TYPE_CHECKING:
    from tuiview.ui.screens.desk import Desk


class ExamineBar(Static, can_focus=True):
    """One line at the foot of the screen; it has the focus exactly while one examines.

    Args:
        desk: The screen whose actions the keys call.
    """

    BINDINGS = bindings("examine")

    DEFAULT_CSS = """
    ExamineBar { height: 1; width: 1fr; background: $boost; display: none; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        words = [Content.styled(" EXAMINE ", "bold reverse")]
        hints = [action.hint for action in ACTIONS if action.mode == "examine" and action.hint]
        for hint in (hints[-1], *hints[:-1]):  # how to leave is never cut off
            letter, _, short = hint.partition(" ")
            words.append(Content.assemble((letter, "bold"), f" {short}"))
        super().__init__(Content("  ").join(words), id=id)
        self._desk = desk

    def action_run(self, action_id: str) -> None:
        """Do the action of that id."""
        self._desk.action_run(action_id)
