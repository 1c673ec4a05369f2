"""The application: it wires session, terminal and screen, and leaves the terminal clean."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.driver import Driver
from textual.events import Event, Key, Resize
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input, TextArea

from tuiview.session.changes import Change
from tuiview.ui.actions import ACTIONS, key_names
from tuiview.ui.driver import TerminalDriver
from tuiview.ui.faults import write_down
from tuiview.ui.milestones import PAINTED, PICTURED
from tuiview.ui.screens.palette import Palette
from tuiview.ui.screens.review import ReviewScreen

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tuiview.graphics.terminal import Terminal
    from tuiview.session.session import Session
    from tuiview.settings import Settings
    from tuiview.ui.milestones import Milestones
    from tuiview.ui.pulse import Pulse

_PATIENCE = 3.0
"""Seconds that a key waits at most for the text before it to be taken in; only a widget that waits
for the application itself takes as long, while a loaded computer easily takes a quarter."""

MakeSession = Callable[[Callable[[Change], None]], "Session"]


async def _caught_up(*nodes: MessagePump) -> None:
    """Wait until these have handled what is in their queues, in turn; a moment at most."""
    for node in nodes:
        handled = asyncio.Event()
        if node.is_running and node.call_later(handled.set):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(handled.wait(), _PATIENCE)


class TuiviewApp(App[None]):
    """The reviewer.

    Args:
        make_session: Makes the session, given where its changes go (from any thread).
        terminal: What was detected of the terminal.
        settings: The reviewer's settings.
        fault_log: Where faults of the program are written down, for the words about them.
        pulse: Measures the event loop's delays, if anybody wants them.
        milestones: Takes down when the first paint and picture were there, if anybody wants it.

    Attributes:
        fault: The fault that ended the review, in a line; None when the reviewer ended it.
        hurried: Whether a signal ended it: the terminal or the machine goes away.
    """

    CSS_PATH = "tuiview.tcss"
    TITLE = "tuiview"
    ALLOW_SELECT: ClassVar[bool] = False
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [Binding("ctrl+q", "leave", "quit", show=False, id="app-quit")]

    def __init__(
        self,
        make_session: MakeSession,
        terminal: Terminal,
        settings: Settings,
        fault_log: Path | None = None,
        pulse: Pulse | None = None,
        milestones: Milestones | None = None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.fault: str | None = None
        self.animation_level = "none"
        self.hurried = False
        self.terminal = terminal
        self.settings = settings
        self.pulse = pulse
        self.milestones = milestones
        self.session = make_session(self._notify)
        self.review = ReviewScreen(self.session, terminal, fault_log)
        if settings.theme in self.available_themes:
            self.theme = settings.theme

    def get_default_screen(self) -> ReviewScreen:
        """The review is the first screen and stays: none is made before it."""
        return self.review

    def on_mount(self) -> None:
        """Take the reviewer's keys in, and say what was found at the start."""
        self.set_keymap(dict(self.settings.keys))
        for notice in (*self.settings.notices, *self.session.store.notices):
            self.review.say(notice, "warning")
        self._install_signals()
        if self.pulse is not None:
            self.run_worker(self.pulse.run(), exit_on_error=False)

    @on(Driver.SignalResume)
    def on_foreground(self) -> None:
        """Paint everything: in a window that kept its size Textual paints only what changed."""
        self.refresh(layout=True)

    def _notify(self, change: Change) -> None:
        """Bring a change to the screen's thread; called from any."""
        if self.is_running:
            self.review.post_message(ReviewScreen.Changed(change))

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message; a fault in that is told and written down, and the review goes on."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self.review.is_mounted:
                raise
            self.review.report(error)

    def _handle_exception(self, error: Exception) -> None:
        """A fault in the widgets or in drawing, after which the screen cannot go on."""
        self._return_code = 1
        if self.fault is None:
            self.fault = write_down(error, "a fault that ended the review")
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    async def on_event(self, event: Event) -> None:
        """Finish one key before the next one is looked at.

        Textual hands keys from queue to queue, so that in a burst (a slow link, a paste) the keys
        after `:` or `enter` would still act as they did before it. Here a key's action has run,
        and the focus and the cursor are where it leads, when the next key comes.
        """
        if isinstance(event, Key) and not event.is_forwarded:
            if self._was_for_others(event) or not await self.review.turns.come(event):
                return
            if await self._act(event):
                return
        if isinstance(event, Resize) and isinstance(self._driver, TerminalDriver):
            self._driver.shadow.forget()  # the terminal has moved or cut what it shows
        await super().on_event(event)

    def _was_for_others(self, key: Key) -> bool:
        """Whether a key was typed behind one that gave the terminal away, or that quits."""
        driver = self._driver
        typed_before = isinstance(driver, TerminalDriver) and key.time < driver.taken_at
        return typed_before or self._exit

    async def _act(self, event: Key) -> bool:
        """Run what the key is bound to; False if it is text, or bound to nothing."""
        focused = self.focused
        if isinstance(focused, Input | TextArea):
            writes = event.is_printable or (event.key == "enter" and isinstance(focused, TextArea))
            if writes:
                return False
            await _caught_up(focused)
        key = event.key
        acted = await self._check_bindings(key, priority=True) or await self._check_bindings(key)
        if acted and isinstance(focused, Input | TextArea):
            # What it says comes back to itself, and goes up to the screen from queue to queue.
            up = [node for node in focused.ancestors_with_self if node is not self]
            await _caught_up(focused, *up)
        return acted

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write what differs from what the terminal shows, instead of all that was repainted."""
        if isinstance(renderable, CompositorUpdate) and isinstance(self._driver, TerminalDriver):
            renderable = self._driver.shadow.difference(renderable, self.size)
        super()._display(screen, renderable)
        if renderable is not None and self.milestones is not None:
            self.milestones.reach(PAINTED)

    def on_image_pane_painted(self) -> None:
        """A picture is on the screen."""
        if self.milestones is not None:
            self.milestones.reach(PICTURED)

    def _refresh_notifications(self) -> None:
        """Show notices in the review's own line: Textual's would lie over the picture."""
        if self.review.is_mounted:
            self.call_later(lambda: self.review.notices.show(self._notifications))

    def _install_signals(self) -> None:
        """A dropped link or a polite kill leaves as `q` does: saved, unlocked, clean."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._leave_at_once)

    def _leave_at_once(self) -> None:
        self.hurried = True
        self.exit()

    def action_leave(self) -> None:
        """Quit as `q` does."""
        self.review.leave()

    def action_command_palette(self) -> None:
        """Every action by its name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the registry, by its name."""
        for action in ACTIONS:
            keys = key_names(self.review.keys[action.id])
            yield SystemCommand(
                action.words, f"{keys}  ({action.id})",
                lambda a=action: self.review.action_run(a.id),
            )  # fmt: skip
