"""A short menu: frames by name, and whatever else is chosen from a list."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tuiview.text import printable

_MOST = 2000


class ChooseScreen(ModalScreen[str | None]):
    """A list to choose from; closes with the choice, or None.

    Args:
        title: What is being chosen.
        choices: The names; the menu shows the first two thousand.
        current: The one to begin at.
    """

    BINDINGS = [
        Binding("q,escape,ctrl+g", "leave", "leave"),
        Binding("j", "cursor(1)", "down", show=False),
        Binding("k", "cursor(-1)", "up", show=False),
    ]

    DEFAULT_CSS = """
    ChooseScreen { align: center middle; }
    ChooseScreen > OptionList {
        width: auto; min-width: 48; max-width: 90%; height: auto; max-height: 80%;
        border: round $primary; background: $surface;
    }
    """

    def __init__(self, title: str, choices: list[str], current: str | None = None) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        """The list."""
        options = [Option(Content(printable(name))) for name in self._choices[:_MOST]]
        menu = OptionList(*options)
        menu.border_title = self._title
        yield menu

    def on_mount(self) -> None:
        """Begin at the current choice."""
        if self._current in self._choices[:_MOST]:
            self.query_one(OptionList).highlighted = self._choices.index(self._current)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with what was chosen."""
        self.dismiss(self._choices[event.option_index])

    def action_cursor(self, step: int) -> None:
        """Move the highlight."""
        menu = self.query_one(OptionList)
        if step > 0:
            menu.action_cursor_down()
        else:
            menu.action_cursor_up()

    def action_leave(self) -> None:
        """Close without a choice."""
        self.dismiss(None)
