"""The examine bar: it takes one letter after another and says what each measures."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from tuiview.ui.actions import ACTIONS, bindings
from tuiview.ui.widgets.mode_bar import ModeBar


class ExamineBar(ModeBar):
    """It has the focus exactly while one examines."""

    BINDINGS = bindings("examine")

    def __init__(self, run: Callable[[str], object], *, id: str | None = None) -> None:
        super().__init__(run, id=id)
        words = [Content.styled(" EXAMINE ", "bold reverse")]
        hints = [action.hint for action in ACTIONS if action.mode == "examine" and action.hint]
        for hint in (hints[-1], *hints[:-1]):  # how to leave is never cut off
            letter, _, short = hint.partition(" ")
            words.append(Content.assemble((letter, "bold"), f" {short}"))
        self.update(Content("  ").join(words))
