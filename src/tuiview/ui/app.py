"""The application: it wires session, terminal and screen, and leaves the terminal clean."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from tuiview.session.changes import Change
from tuiview.ui.actions import ACTIONS, key_names
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.screens.review import ReviewScreen

if TYPE_CHECKING:
    from tuiview.graphics.terminal import Terminal
    from tuiview.session.session import Session
    from tuiview.settings import Settings

MakeSession = Callable[[Callable[[Change], None]], "Session"]


class TuiviewApp(App[None]):
    """The reviewer.

    Args:
        make_session: Makes the session, given where its changes go (from any thread).
        terminal: What was detected of the terminal.
        settings: The reviewer's settings.
    """

    CSS_PATH = "tuiview.tcss"
    TITLE = "tuiview"
    ALLOW_SELECT: ClassVar[bool] = False
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+q", "leave", "quit", show=False, id="app-quit")]

    def __init__(self, make_session: MakeSession, terminal: Terminal, settings: Settings) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.animation_level = "none"
        self.terminal = terminal
        self.settings = settings
        self.session = make_session(self._notify)
        self.review = ReviewScreen(self.session, terminal)
        if settings.theme in self.available_themes:
            self.theme = settings.theme

    def on_mount(self) -> None:
        """Show the review."""
        self.set_keymap(dict(self.settings.keys))
        self.push_screen(self.review)
        for notice in self.settings.notices:
            self.review.say(notice, "warning")
        self._install_signals()

    def _notify(self, change: Change) -> None:
        """Bring a change to the screen's thread; called from any."""
        if self.is_running:
            self.review.post_message(ReviewScreen.Changed(change))

    def _install_signals(self) -> None:
        """A dropped link or a polite kill leaves as `q` does: saved, unlocked, clean."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.exit)

    def action_leave(self) -> None:
        """Quit as `q` does."""
        self.review.leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the registry, by its name."""
        for action in ACTIONS:
            keys = key_names(self.review.keys[action.id])
            yield SystemCommand(
                action.words, f"{keys}  ({action.id})",
                lambda a=action: self.review.action_run(a.id),
            )  # fmt: skip
