"""The examine bar: it takes one letter after another and says what each measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.content import Content
from textual.widgets import Static

from tuiview.session.examining import EXAMINATIONS

if TYPE_CHECKING:
    from tuiview.ui.screens.desk import Desk


class ExamineBar(Static, can_focus=True):
    """One line at the foot of the screen; it has the focus exactly while one examines.

    Args:
        desk: The screen whose session measures.
    """

    BINDINGS = [
        *(
            Binding(e.key, f"examine({n})", e.name, id=f"examine-{e.key}")
            for n, e in enumerate(EXAMINATIONS)
        ),
        Binding("q,escape,ctrl+g,enter", "leave", "leave", id="examine-leave"),
        Binding("y", "copy", "copy the result", id="examine-copy"),
    ]

    DEFAULT_CSS = """
    ExamineBar { height: 1; width: 1fr; background: $boost; display: none; }
    """

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:
        words = [Content.styled(" EXAMINE ", "bold reverse")]
        for examination in EXAMINATIONS:
            short = examination.name.split(" ")[0]
            words.append(Content.assemble((examination.key, "bold"), f" {short}"))
        words.append(Content("y copy  q leave"))
        super().__init__(Content("  ").join(words), id=id)
        self._desk = desk

    def action_examine(self, number: int) -> None:
        """Measure."""
        self._desk.session.examining.examine(EXAMINATIONS[number])

    def action_copy(self) -> None:
        """Copy the last result."""
        self._desk.copy_words("\n".join(self._desk.session.examining.last))

    def action_leave(self) -> None:
        """Back to the picture."""
        self._desk.leave_examining()
