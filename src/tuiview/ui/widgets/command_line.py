"""The command line: `:` for commands, `/` for names, at the foot of the screen."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.events import Blur
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

_HISTORY = 100


class CommandLine(Input):
    """One line of input that remembers what was typed before."""

    BINDINGS = [
        Binding("ctrl+g,escape", "leave", "leave", id="command-leave", show=False),
        Binding("up", "recall(-1)", "earlier", show=False),
        Binding("down", "recall(1)", "later", show=False),
        Binding("tab", "cursor_right", "complete", show=False),
    ]

    DEFAULT_CSS = """
    CommandLine { height: 1; border: none; padding: 0; background: $surface; }
    CommandLine:focus { border: none; background: $boost; }
    """

    @dataclass
    class Entered(Message):
        """A line was entered; `prompt` tells of what kind."""

        prompt: str
        text: str

    @dataclass
    class Left(Message):
        """The line was left without entering it."""

    def __init__(self, *, commands: list[str], id: str | None = None) -> None:
        super().__init__(id=id, compact=True, select_on_focus=False)
        self._suggest_commands = SuggestFromList(commands)
        self._history: dict[str, list[str]] = {}
        self._recalled = 0
        self.prompt = ":"
        self.can_focus = False
        self.cursor_blink = False  # a slow link has better things to carry

    def ask(self, prompt: str, text: str = "") -> None:
        """Take a line; it begins with `prompt`, which cannot be deleted, and `text`."""
        self.prompt = prompt
        self.suggester = self._suggest_commands if prompt == ":" else None
        self._recalled = len(self._history.get(prompt, []))
        self.value = text
        self.cursor_position = len(text)
        self.border_title = prompt
        self.can_focus = True
        self.screen.set_focus(self)

    def stop(self) -> None:
        """Take no more keys."""
        self.can_focus = False
        self.value = ""

    def action_leave(self) -> None:
        """Leave without entering."""
        self.post_message(self.Left())

    def action_delete_left(self) -> None:
        """Delete a character; on an empty line, leave."""
        if self.value:
            super().action_delete_left()
        else:
            self.action_leave()

    def action_recall(self, step: int) -> None:
        """Bring back what was typed before."""
        history = self._history.get(self.prompt, [])
        self._recalled = max(0, min(self._recalled + step, len(history)))
        self.value = history[self._recalled] if self._recalled < len(history) else ""
        self.cursor_position = len(self.value)

    async def action_submit(self) -> None:
        """Enter the line."""
        text = self.value
        history = self._history.setdefault(self.prompt, [])
        if text and (not history or history[-1] != text):
            history.append(text)
            del history[:-_HISTORY]
        self.post_message(self.Entered(self.prompt, text))

    def _on_blur(self, event: Blur) -> None:
        super()._on_blur(event)
        if self.can_focus:
            self.action_leave()
