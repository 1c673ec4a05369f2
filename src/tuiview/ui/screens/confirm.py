"""A question that needs another key than the one that asked."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class ConfirmScreen(ModalScreen[bool]):
    """Asks; only capital Y says yes, so that no held or doubled key answers by itself.

    Args:
        question: What is at stake.
        yes: What capital Y does.
    """

    BINDINGS = [
        Binding("Y", "answer(True)", "yes"),
        Binding("n,N,escape,ctrl+g,enter", "answer(False)", "no"),
    ]

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > Vertical {
        width: 64; max-width: 96%; height: auto; padding: 1 2;
        border: round $error; background: $surface;
    }
    """

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Static(f"\nY  {self._yes}\nn  stay", markup=False)

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
