"""Questions to the terminal device before the application starts, and the answers to them."""

from __future__ import annotations

import atexit
import os
import select
import termios
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from tuiview.graphics.answers import Answer, AnswerSplitter, Kind

SENTINEL = b"\x1b[c"
"""DA1: every terminal answers it, so its answer says that all others have come."""

_VERSION = b"\x1b[>0q"
KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""Asks whether the protocol is spoken; a terminal that speaks it answers `i=31;OK`."""
_SIZES = b"\x1b[14t\x1b[16t"
_SIXEL_LIMITS = b"\x1b[?2;1;0S\x1b[?1;1;0S"
_SYNCHRONIZED = b"\x1b[?2026$p"
# Three repeats of a blank written in the first column leave the cursor in the fifth.
_REPEAT = b"\r \x1b[3b\x1b[6n"
_REPEATED_COLUMN = 5

BATCH = _VERSION + _SIZES + _SIXEL_LIMITS + _SYNCHRONIZED + _REPEAT
"""What is asked of any terminal that understands control sequences at all."""


class Probe(Struct, frozen=True):
    """What a batch of questions brought.

    Attributes:
        answers: Everything that the terminal said, in order.
        typed_ahead: Keys that were pressed meanwhile, as the terminal sent them; it may end in the
            first half of an answer, so it has to go through an `AnswerSplitter` again.
        complete: Whether the sentinel came in time; otherwise answers may still be under way.
        round_trip: Seconds from the question to the sentinel, the whole wait when it never came.
    """

    answers: tuple[Answer, ...] = ()
    typed_ahead: str = ""
    complete: bool = False
    round_trip: float = 0.0

    def first(self, kind: Kind) -> Answer | None:
        """The first answer of a kind."""
        return next((answer for answer in self.answers if answer.kind is kind), None)

    @property
    def attributes(self) -> tuple[int, ...]:
        """The features of DA1, without the conformance level."""
        answer = self.first(Kind.ATTRIBUTES)
        return answer.numbers[1:] if answer else ()

    @property
    def version(self) -> str:
        """The XTVERSION answer, empty when there was none."""
        answer = self.first(Kind.VERSION)
        return answer.text if answer else ""

    @property
    def kitty(self) -> bool:
        """Whether the terminal says that it takes kitty's pictures."""
        return any(
            answer.kind is Kind.GRAPHICS and answer.text.endswith("OK") for answer in self.answers
        )

    @property
    def text_area(self) -> tuple[int, int] | None:
        """`(width, height)` of the text area in pixels."""
        return self._window(4)

    @property
    def cell(self) -> tuple[int, int] | None:
        """`(width, height)` of a cell in pixels."""
        return self._window(6)

    @property
    def sixel_limits(self) -> tuple[int, int] | None:
        """`(width, height)` of the largest sixel picture in pixels."""
        for answer in self.answers:
            numbers = answer.numbers
            if answer.kind is Kind.SIXEL and len(numbers) >= 4 and numbers[:2] == (2, 0):
                return numbers[2], numbers[3]
        return None

    @property
    def sixel_colors(self) -> int | None:
        """How many colours one sixel picture may have."""
        for answer in self.answers:
            numbers = answer.numbers
            if answer.kind is Kind.SIXEL and len(numbers) >= 3 and numbers[:2] == (1, 0):
                return numbers[2]
        return None

    @property
    def synchronized(self) -> bool:
        """Whether the terminal holds the screen back until an update is complete."""
        return any(
            answer.kind is Kind.MODE
            and answer.numbers[:1] == (2026,)
            and answer.numbers[1:2] in ((1,), (2,), (3,))
            for answer in self.answers
        )

    @property
    def repeats(self) -> bool:
        """Whether `CSI n b` repeats the last character."""
        answer = self.first(Kind.CURSOR)
        return answer is not None and answer.numbers[1] == _REPEATED_COLUMN

    def _window(self, item: int) -> tuple[int, int] | None:
        for answer in self.answers:
            numbers = answer.numbers
            if answer.kind is Kind.WINDOW and len(numbers) == 3 and numbers[0] == item:
                return (numbers[2], numbers[1]) if min(numbers[1:]) > 0 else None
        return None


def ask(
    fd: int,
    *,
    kitty: bool,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
) -> Probe:
    """Ask everything in one batch and wait for the sentinel.

    Args:
        fd: The terminal device, open for reading and writing.
        kitty: Ask for kitty's protocol too; tmux would take that question for a title.
        timeout: Seconds to wait for the sentinel.
        clock: Seconds that only grow.

    Returns:
        The answers. When the sentinel did not come, the terminal is left without echo, so that late
        answers stay invisible until the application reads and drops them; `restore` undoes that.
    """
    saved = termios.tcgetattr(fd)
    termios.tcsetattr(fd, termios.TCSADRAIN, without_echo(saved))
    answers: list[Answer] = []
    splitter = AnswerSplitter(answers.append)
    typed: list[str] = []
    complete = False
    started = clock()
    try:
        batch = BATCH + (KITTY if kitty else b"") + SENTINEL
        # Where a terminal writes a question out as text, it is wiped away again.
        _write(fd, b"\x1b7" + batch + b"\x1b8\x1b[K", started + timeout, clock)
        while not complete and (left := started + timeout - clock()) > 0:
            if not select.select([fd], [], [], left)[0]:
                break
            data = os.read(fd, 4096)
            if not data:
                break
            typed.append(splitter.feed(data.decode("utf-8", "replace")))
            complete = any(answer.kind is Kind.ATTRIBUTES for answer in answers)
        # Half an answer goes along too: whoever reads the rest needs its beginning.
        typed.append(splitter.held)
    finally:
        if complete:
            termios.tcsetattr(fd, termios.TCSADRAIN, saved)
        else:
            _keep_quiet(fd, saved)
    return Probe(tuple(answers), "".join(typed), complete, clock() - started)


def without_echo(attributes: list[Any]) -> list[Any]:
    """The same attributes without echo and without waiting for whole lines."""
    quiet = list(attributes)
    quiet[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    quiet[6] = list(quiet[6])
    quiet[6][termios.VMIN] = 1
    quiet[6][termios.VTIME] = 0
    return quiet


def _write(fd: int, data: bytes, deadline: float, clock: Callable[[], float]) -> None:
    while data and (left := deadline - clock()) > 0 and select.select([], [fd], [], left)[1]:
        data = data[os.write(fd, data) :]


_original: list[Any] | None = None


def _keep_quiet(fd: int, saved: list[Any]) -> None:
    global _original
    if _original is None:
        _original = saved
        device = os.ttyname(fd)
        atexit.register(restore, device)


def original() -> list[Any] | None:
    """The terminal's attributes from before a batch whose sentinel never came."""
    return _original


def restore(device: str = "/dev/tty") -> None:
    """Give the terminal its echo back after a batch whose sentinel never came."""
    global _original
    if _original is None:
        return
    attributes, _original = _original, None
    try:
        fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return
    try:
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error:
        pass
    finally:
        os.close(fd)
