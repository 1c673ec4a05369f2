"""How fast the way to the terminal is, measured by what the terminal answers."""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from tuiview.errors import TuiviewError
from tuiview.graphics import probe
from tuiview.graphics.answers import Answer, AnswerSplitter, Kind
from tuiview.graphics.passthrough import wrap
from tuiview.graphics.terminal import DEVICE

_FIRST_SAMPLE, _LARGEST_SAMPLE = 16_384, 4_194_304
_LONG_ENOUGH, _STUCK = 0.2, 0.5
_BLANKS = b"\r" + b" " * 63
# GNU screen has no alternate screen unless it is told to: the cursor is put back by us.
_ALTERNATE, _BACK = b"\x1b7\x1b[?1049h", b"\x1b[?1049l\x1b8"

# tmux throws away what a terminal is behind with, from some tens of kilobytes on.
_WRAPPED_SAMPLE, _MOST_SAMPLES = 16_384, 64
# Changes nothing on a screen that only tmux knows how to draw.
_NOTHING = b"\x1b[0;0;0;0;0;0;0m"


class Speed(Struct, frozen=True):
    """The way to the terminal.

    Attributes:
        rate: Bytes a second.
        round_trip: Seconds from question to answer.
    """

    rate: float
    round_trip: float


def measure(device: Path = DEVICE, *, through_tmux: bool = False, limit: float = 5.0) -> Speed:
    """Measure how fast the terminal takes output.

    Args:
        device: The terminal device.
        through_tmux: Measure up to the terminal outside: tmux hands wrapped questions on, and their
            answers back to the pane that has the focus. Otherwise tmux answers for itself.
        limit: Seconds after which it is given up.

    Raises:
        TuiviewError: If there is no terminal, or it does not answer.
    """
    try:
        fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise TuiviewError("there is no terminal to measure", str(error)) from None
    try:
        os.set_blocking(fd, False)
        with _quiet(fd):
            deadline = time.monotonic() + limit
            return _wrapped(fd, deadline) if through_tmux else _plain(fd, deadline)
    except (OSError, termios.error) as error:
        raise TuiviewError("the terminal cannot be measured", str(error)) from None
    finally:
        os.close(fd)


def _plain(fd: int, deadline: float) -> Speed:
    """With blanks on the alternate screen, more of them until it takes a while."""
    _put(fd, _ALTERNATE)
    try:
        round_trip = min(_timed(fd, probe.SENTINEL, deadline) for _ in range(3))
        nbytes, taken, rate = _FIRST_SAMPLE, 0.0, 0.0
        while taken < _LONG_ENOUGH and nbytes <= _LARGEST_SAMPLE:
            data = _BLANKS * (nbytes // len(_BLANKS)) + probe.SENTINEL
            taken = _timed(fd, data, deadline)
            rate = nbytes / max(taken - round_trip, 1e-4)
            nbytes *= 4
    finally:
        _put(fd, _BACK)
    return Speed(rate, round_trip)


def _wrapped(fd: int, deadline: float) -> Speed:
    """With sequences that do nothing, a few at a time."""
    question = wrap(probe.SENTINEL)
    round_trip = min(_timed(fd, question, deadline) for _ in range(3))
    data = wrap(_NOTHING * (_WRAPPED_SAMPLE // len(_NOTHING))) + question
    taken = nbytes = 0.0
    for _ in range(_MOST_SAMPLES):
        taken += max(_timed(fd, data, deadline) - round_trip, 1e-4)
        nbytes += _WRAPPED_SAMPLE
        if taken >= _LONG_ENOUGH:
            break
    return Speed(nbytes / taken, round_trip)


def _timed(fd: int, data: bytes, deadline: float) -> float:
    """Seconds until the terminal has taken `data`, which ends in a question, and answered."""
    heard: list[Answer] = []
    splitter = AnswerSplitter(heard.append)
    started = time.monotonic()
    while not any(answer.kind is Kind.ATTRIBUTES for answer in heard):
        left = deadline - time.monotonic()
        readable, writable, _ = select.select([fd], [fd] if data else [], [], max(0.0, left))
        if not (readable or writable):
            raise TuiviewError("the terminal does not answer", "is the link very slow?")
        if writable:
            data = _some(fd, data)
        if readable:
            splitter.feed(os.read(fd, 4096).decode("utf-8", "replace"))
    return time.monotonic() - started


def _some(fd: int, data: bytes) -> bytes:
    """Write what the device takes now, be it nothing; return the rest."""
    with suppress(BlockingIOError):
        return data[os.write(fd, data[:65_536]) :]
    return data


def _put(fd: int, data: bytes) -> None:
    """Write all of `data`, unless the terminal takes nothing any more."""
    while data and select.select([], [fd], [], _STUCK)[1]:
        data = _some(fd, data)


@contextmanager
def _quiet(fd: int) -> Iterator[None]:
    saved = termios.tcgetattr(fd)
    termios.tcsetattr(fd, termios.TCSADRAIN, probe.without_echo(saved))
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSAFLUSH, saved)
