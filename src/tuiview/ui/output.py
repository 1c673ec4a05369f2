"""What goes out to the terminal: at once if it is short and nothing is before it, else behind."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TextIO

_AT_ONCE = 16_384
"""Characters: of more than this, a terminal device takes too little at once to be worth a try."""


class Output:
    """The terminal device, as the file of Textual's writer thread, and a short way past that.

    A thread that is handed a few bytes waits for the interpreter while the one that handed them
    over goes on; the picture that a key switches to would wait for the rest of the screen.

    Args:
        file: The terminal device, opened for writing.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._order = threading.Lock()
        self._counting = threading.Lock()  # never held by whoever waits for room in a queue
        self._ready: int | None = None
        self._waiting = 0
        self._begun = b""

    def open(self) -> None:
        """The terminal is ours: what is short may go out at once."""
        with contextlib.suppress(OSError):
            # Opened anew, as not to block is said of an open device, which the shell has too.
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            self._ready = os.open(os.ttyname(self.fileno()), flags)

    def close(self) -> None:
        """The terminal is given back."""
        with self._order:
            if self._ready is not None:
                os.close(self._ready)
            self._ready = None

    def send(self, text: str, hand_over: Callable[[str], None]) -> None:
        """Write `text`; never waits for the terminal.

        Args:
            text: What to write.
            hand_over: Takes what has to wait, and gives it to `write` in its turn.
        """
        with self._order:
            with self._counting:
                free = not self._waiting
            if free and len(text) <= _AT_ONCE and self._ready is not None:
                data = self._encoded(text)
                # What it does not take now, or an error, is for `write`, which waits.
                with contextlib.suppress(OSError):
                    data = data[os.write(self._ready, data) :]
                if not data:
                    return
                self._begun, text = data, ""
            with self._counting:
                self._waiting += 1
            hand_over(text)

    def write(self, text: str) -> int:
        """Write what was handed over, and wait until the terminal has taken it."""
        begun, self._begun = self._begun, b""
        data = memoryview(begun or self._encoded(text))
        while data:
            data = data[os.write(self.fileno(), data) :]
        with self._counting:
            self._waiting -= 1
        return len(text)

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._file.encoding, self._file.errors or "strict")

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """The descriptor of the device."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()
