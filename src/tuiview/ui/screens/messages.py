"""What was said in passing, to be read and selected at leisure: copied words among it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


class MessagesScreen(ModalScreen[None]):
    """A box of lines, the newest at the bottom; any leaving key closes it.

    Args:
        lines: What was said, the oldest first.
    """

    BINDINGS = [
        Binding("q,escape,ctrl+g,enter,f6", "close", "close"),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
    ]

    DEFAULT_CSS = """
    MessagesScreen { align: center bottom; }
    MessagesScreen > VerticalScroll {
        width: 100%; height: auto; max-height: 80%; border: round $primary; background: $surface;
    }
    MessagesScreen Static { width: 1fr; height: auto; padding: 0 1; }
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll() as box:
            box.border_title = "messages"
            yield Static("\n".join(self._lines) or "nothing was said yet", markup=False)

    def on_mount(self) -> None:
        """Begin at the newest."""
        self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        """Close the box."""
        self.dismiss(None)
