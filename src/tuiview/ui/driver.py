"""The way to the terminal and back: Textual's driver, with pictures and the terminal's answers."""

from __future__ import annotations

import contextlib
import contextvars
import os
import re
import selectors
import signal
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Queue
from types import FrameType
from typing import Any, Protocol

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.message import Message

from tuiview.graphics import probe
from tuiview.graphics.answers import ESC, Answer, AnswerSplitter, Kind
from tuiview.graphics.brands import FEW_NUMBERS
from tuiview.graphics.link import Link
from tuiview.graphics.terminal import DEVICE
from tuiview.graphics.window import window_size
from tuiview.ui.output import Output
from tuiview.ui.shadow import Shadow

_LATE = 2.0
"""Seconds after which the missing rest of an answer is not waited for any more."""

_INTRODUCERS = ("[", "O", "P", "]", "_", ESC)
"""What after an escape may begin a sequence."""
_ALONE = re.compile(r"\x1b(?![\[Obf\x7f\t])")
"""An escape that is a key: no sequence begins here, nor a movement by words in an editor."""
_BEFORE_BACKGROUND = re.compile(r"(;38;(?:2;\d+;\d+;\d+|5;\d+));(?=48;)")
_KEYBOARD = re.compile(r"\x1b\[>\d+u")
# Textual asks for letters as sequences too: after a kill nobody could type `reset`.
_LETTERS_STAY = "\x1b[>1u"
_LETTERS_ONLY = "\x1b[<u"

_NO_REPORTS = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2048l"
    + _LETTERS_ONLY
)
"""Mouse, focus, pastes, sizes and keys are not reported any more."""
_LAST_QUESTION = "\x1b[5n"
"""Is the terminal well? Every terminal answers, and nothing else is asked like this."""
_LEAST_WAIT, _MOST_WAIT, _HURRIED_WAIT = 1.0, 4.0, 0.5
"""Seconds for the terminal's last answer; it comes much sooner unless the link breaks down."""
_ROUNDS = 3.0
"""How many times as long as expected the last answer may take."""
_NOTICED = 0.5
"""Seconds of waiting that want to be explained."""


class Listener(Protocol):
    """Who draws pictures: is shown all output and told what the terminal says.

    All methods are called on the event loop's thread.
    """

    link: Link
    """How long the way to the terminal is, and what is on it."""

    def frame(self, data: str) -> str:
        """Return what is to be written in place of `data`."""

    def answered(self, answer: Answer) -> None:
        """The terminal answered."""

    def cursor_reported(self, x: int, y: int) -> None:
        """The terminal said where the cursor is, counted from 0."""

    def window_changed(self) -> None:
        """The window or its font has another size."""

    def focused(self) -> None:
        """The terminal's window, or the pane of tmux, has the focus."""

    def leaving(self) -> str:
        """The terminal is given back; return what cleans it up."""

    def entered(self) -> None:
        """The terminal is taken (again) and shows nothing of ours."""


class TerminalDriver(LinuxDriver):
    """Textual's driver for a terminal that shows pictures.

    Beyond Textual's own it

    - keeps the terminal's answers out of the keys, however late they come, and from whoever has
      the terminal next;
    - hands all output to a listener, which puts pictures in;
    - keeps a shadow of what the terminal shows, for frames without repetitions;
    - never makes the event loop wait for a slow link: writes queue up; where nothing is queued,
      what is short goes out at once;
    - works on the terminal device when standard input or output is something else;
    - leaves letters letters where the terminal speaks kitty's keyboard protocol;
    - gives the terminal back without pictures, and says when it has it again.

    The application may have an attribute `terminal` (`graphics.terminal.Terminal`), whose
    `typed_ahead` becomes the first input, and whose brand says how long a sequence may be.
    """

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._listener: Listener | None = None
        self._context = contextvars.copy_context()
        self.shadow = Shadow()
        """What the terminal shows; whoever writes past Textual's frames has it forgotten."""
        if not self.input_tty:
            self.fileno = os.open(DEVICE, os.O_RDWR | os.O_NOCTTY)
            self.input_tty = True
        if self._file is None or not self._file.isatty():
            self._file = Path(os.ttyname(self.fileno)).open("w", encoding="utf-8")  # noqa: SIM115
        self._output = Output(self._file)
        self._file = self._output  # type: ignore[assignment]  # all that a writer thread needs
        terminal = getattr(app, "terminal", None)
        self._typed_ahead: str = terminal.typed_ahead if terminal is not None else ""
        self._few_numbers = terminal is not None and terminal.brand in FEW_NUMBERS
        self._active = False
        self._heard = terminal is not None and terminal.complete
        self._leaving = False
        self._last_heard = False
        self.taken_at = 0.0
        """When the terminal was taken last: keys from before were meant for someone else."""

    def listen(self, listener: Listener | None) -> None:
        """Show all output to `listener` and tell it what the terminal says.

        It is told in the context of this call, so that Textual knows whose messages come of it.
        """
        self._listener, self._context = listener, contextvars.copy_context()

    @property
    def listener(self) -> Listener | None:
        """Who is shown all output."""
        return self._listener

    @property
    def active(self) -> bool:
        """Whether the application has the terminal now."""
        return self._active

    def write(self, data: str) -> None:
        """Write a frame; dropped while the terminal belongs to someone else."""
        if not self._active or (self._leaving and data == _LETTERS_ONLY):
            return  # said twice, it would end what the shell has asked for
        if self._listener is not None:
            data = self._listener.frame(data)
        if self._few_numbers:
            data = _BEFORE_BACKGROUND.sub("\\1m\x1b[", data)
        if _KEYBOARD.fullmatch(data):
            data = _LETTERS_STAY
        self.send(data)

    def send(self, data: str) -> None:
        """Write `data` as it is."""
        if self._active and self._writer_thread is not None:
            self._output.send(data, self._writer_thread.write)

    @property
    def mouse_in_pixels(self) -> bool:
        """Whether the terminal tells where the mouse is to a pixel; else to a cell."""
        return self._mouse_pixels

    @property
    def queued(self) -> int:
        """Writes that wait for the terminal to take them."""
        return self._writer_thread._queue.qsize() if self._writer_thread is not None else 0

    def holds(self, place: Region) -> bool:
        """Whether a place of the screen lies in the window, which may just have become smaller.

        A picture that reaches over the edge scrolls what lies below it away, among it what others
        have drawn there, such as tmux's status line.
        """
        columns, rows, _, _ = window_size(self.fileno)
        return Region(0, 0, columns, rows).contains_region(place) or not (columns and rows)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self._active = True
        self._leaving = self._last_heard = False
        self.taken_at = time.monotonic()
        self.shadow.forget()
        self._output.open()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if (attributes := probe.original()) is not None:
            self.attrs_before = attributes
        if self._writer_thread is not None:
            _widen(self._writer_thread)
        self._watch_size()
        if self._listener is not None:
            self._listener.entered()

    def stop_application_mode(self) -> None:
        """Give the terminal back, without pictures, when it has said all that it has to say."""
        if self._active:
            self._hear_out()
        super().stop_application_mode()
        self._active = False

    def _hear_out(self) -> None:
        """Have the terminal report nothing more, and read what it still answers.

        Keys that come before its last answer are lost: they may be parts of an answer, or written
        as only we understand. What comes behind is left for who has the terminal next.
        """
        listener = self._listener
        expected = listener.link.settles_in if listener is not None else 0.0
        data = listener.leaving() if listener is not None else ""
        if expected > _NOTICED:
            _, rows = self._get_terminal_size()
            data += f"\x1b[{rows};1H\x1b[m\x1b[2K waiting for the terminal's last answers …"
        self._leaving = True
        self.send(data + _NO_REPORTS + _LAST_QUESTION)
        if self._key_thread is not None and self._heard:
            hurried = getattr(self._app, "hurried", False)
            wait = min(_MOST_WAIT, max(_LEAST_WAIT, _ROUNDS * expected))
            self._key_thread.join(_HURRIED_WAIT if hurried else wait)

    def disable_input(self) -> None:
        """Read no more."""
        if self._key_thread is not None:
            signal.signal(signal.SIGWINCH, signal.SIG_DFL)
            self.exit_event.set()
            self._key_thread.join()
            self._key_thread = None
            self.exit_event.clear()
        if not self._last_heard:
            with contextlib.suppress(termios.error):
                termios.tcflush(self.fileno, termios.TCIFLUSH)

    def close(self) -> None:
        """Stop writing."""
        self._active = False
        super().close()
        self._output.close()

    def _get_terminal_size(self) -> tuple[int, int]:
        columns, rows, _, _ = window_size(self.fileno)
        return (columns, rows) if columns and rows else super()._get_terminal_size()

    def _watch_size(self) -> None:
        resized = signal.getsignal(signal.SIGWINCH)

        def on_resize(number: int, frame: FrameType | None) -> None:
            if callable(resized):
                resized(number, frame)
            self._tell(lambda listener: listener.window_changed())

        signal.signal(signal.SIGWINCH, on_resize)

    def _tell(self, what: Callable[[Listener], None]) -> None:
        """Tell the listener something on the event loop's thread."""

        def tell() -> None:
            if self._listener is not None:
                what(self._listener)

        self._loop.call_soon_threadsafe(tell, context=self._context)

    def run_input_thread(self) -> None:
        """Read input, take the terminal's answers out and parse the rest into events."""
        parser = XTermParser(self._debug)
        # What Textual understands itself goes through to it.
        splitter = AnswerSplitter(self._hear, keep=frozenset({Kind.MODE, Kind.CURSOR}))
        decode = getincrementaldecoder("utf-8")("replace").decode
        # The device made new lines of what enter sends, as for any program that asks for lines.
        typed, self._typed_ahead = self._typed_ahead.replace("\n", "\r"), ""
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            self._pass(_fed(parser, splitter.feed(typed)))
            heard = time.monotonic()
            while not (self.exit_event.is_set() or self._last_heard):
                wait = constants.ESCAPE_DELAY if splitter.held else 0.1
                if selector.select(wait):
                    data = os.read(self.fileno, 1 if self._leaving else 4096)
                    if not data:
                        break
                    heard = time.monotonic()
                    text = decode(data)
                    if splitter.held == ESC and not text.startswith(_INTRODUCERS):
                        self._pass(_keys(parser, splitter.flush()))
                    self._pass(_fed(parser, splitter.feed(text)))
                elif splitter.held and (not splitter.certain or time.monotonic() - heard > _LATE):
                    self._pass(_keys(parser, splitter.flush()))
                self._pass(parser.tick())
            self._pass(_fed(parser, splitter.flush()))

    def _pass(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if not self._leaving:
                self.process_message(message)

    def process_message(self, message: Message) -> None:
        """Hand a parsed event on; cursor reports go to the listener."""
        if isinstance(message, events.CursorPosition):
            self._heard = True
            x, y = message.x, message.y
            self._tell(lambda listener: listener.cursor_reported(x, y))
            return
        if isinstance(message, events.AppFocus):
            self._tell(lambda listener: listener.focused())
        super().process_message(message)

    def _hear(self, answer: Answer) -> None:
        self._heard = True
        if not self._leaving:
            self._tell(lambda listener: listener.answered(answer))
        elif answer.kind is Kind.STATUS:
            self._last_heard = True


def _fed(parser: XTermParser, text: str) -> Iterable[Message]:
    """Parse input, of which an escape that begins no sequence is a key of its own.

    Textual would take it and the next key for one with Alt, or wait for more and gather what is
    typed until then: escape and then a held `j` would move nothing for a second.
    """
    for number, part in enumerate(_ALONE.split(text)):
        if number:
            yield events.Key("escape", ESC)
        if part:  # an empty text would mean the end of input
            yield from parser.feed(part)


def _keys(parser: XTermParser, text: str) -> Iterable[Message]:
    """The keys in the beginning of a sequence whose rest did not come within the delay."""
    if text.startswith(ESC):
        yield events.Key("escape", ESC)
    yield from _fed(parser, text.removeprefix(ESC))


def _widen(writer: WriterThread) -> None:
    """Let any number of writes wait, so that a slow link never holds the event loop."""
    queue: Queue[str | None] = writer._queue
    with queue.mutex:
        queue.maxsize = 0
        queue.not_full.notify_all()
